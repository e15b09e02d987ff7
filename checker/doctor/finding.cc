#include "checker/doctor/finding.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace kaisar::checker {
namespace {

const char* NameOf(Level level) {
  switch (level) {
    case Level::kOk:
      return "ok";
    case Level::kWarning:
      return "warning";
    case Level::kFailure:
      return "failure";
  }
  return "unknown";
}

std::ptrdiff_t Count(const Findings& findings, Level level) {
  return std::count_if(findings.begin(), findings.end(),
                       [level](const Finding& finding) { return finding.level == level; });
}

std::string Counted(std::ptrdiff_t count, const char* one) {
  return absl::StrCat(count, " ", one, count == 1 ? "" : "s");
}

}  // namespace

std::string FindingText(const Finding& finding) {
  const std::string line =
      absl::StrFormat("%-8s %-15s %s\n", NameOf(finding.level), finding.check, finding.what);
  if (finding.next.empty()) return line;
  return absl::StrFormat("%s%-8s %-15s next: %s\n", line, "", "", finding.next);
}

std::string SummaryText(const Findings& findings) {
  const std::ptrdiff_t failures = Count(findings, Level::kFailure);
  const std::ptrdiff_t warnings = Count(findings, Level::kWarning);
  if (failures + warnings == 0) return "\nall is well\n";
  return absl::StrCat("\n", Counted(failures, "failure"), ", ", Counted(warnings, "warning"), "\n");
}

std::string FindingsJson(const Findings& findings) {
  using Json = nlohmann::ordered_json;
  Json json = {{"failures", Count(findings, Level::kFailure)},
               {"warnings", Count(findings, Level::kWarning)},
               {"checks", Json::array()}};
  for (const Finding& finding : findings) {
    json["checks"].push_back({{"check", finding.check},
                              {"level", NameOf(finding.level)},
                              {"what", finding.what},
                              {"next", finding.next}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace kaisar::checker
