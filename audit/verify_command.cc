#include "audit/verify_command.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "audit/score_table.h"

namespace kaisar::audit {
namespace {

constexpr std::size_t kMostShown = 20;
constexpr std::uint64_t kProgressStep = 5000;
std::string Checked(const VerifyResult& result) {
  return absl::StrCat(result.records, " records, ", result.challenges, " challenges, ",
                      result.signatures_checked, " signatures and ", result.samples_checked,
                      " samples checked");
}

}  // namespace

void PrintResult(const VerifyResult& result, bool devices, std::ostream& out) {
  if (!result.scores.empty()) out << ScoreTable(result.roster, result.scores, {}) << "\n";
  if (devices) out << DescriptionTable(result.roster, result.descriptions) << "\n";
  const std::size_t shown = std::min(result.differences.size(), kMostShown);
  for (std::size_t i = 0; i < shown; ++i) out << result.differences[i] << "\n";
  if (result.difference_count > shown) {
    out << "… and " << result.difference_count - shown << " more\n";
  }
  if (result.difference_count == 0) {
    out << "holds: " << Checked(result) << "\n";
  } else {
    out << "does not hold: " << result.difference_count
        << (result.difference_count == 1 ? " difference" : " differences") << "; "
        << Checked(result) << "\n";
  }
}

std::string ResultToJson(const VerifyResult& result) {
  using Json = nlohmann::ordered_json;
  const Json json = {{"holds", result.difference_count == 0},
                     {"difference_count", result.difference_count},
                     {"differences", result.differences},
                     {"records", result.records},
                     {"challenges", result.challenges},
                     {"signatures_checked", result.signatures_checked},
                     {"samples_checked", result.samples_checked},
                     {"devices", ScoresToJson(result.roster, result.scores, {})},
                     {"descriptions", DescriptionsToJson(result.descriptions)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int RunVerify(const std::string& log_path, const std::string& report_path,
              const VerifyOutput& output, std::ostream& out, std::ostream& errors) {
  std::function<void(std::uint64_t)> progress;
  const bool show_progress = isatty(STDERR_FILENO) == 1;
  bool shown = false;
  if (show_progress) {
    progress = [&](std::uint64_t done) {
      if (done % kProgressStep != 0) return;
      errors << "\r" << done << " records" << std::flush;
      shown = true;
    };
  }
  const absl::StatusOr<VerifyResult> result = Verify(log_path, report_path, progress);
  if (shown) errors << "\r\033[K";
  if (!result.ok()) {
    errors << "kaisar-audit: " << result.status().message() << "\n";
    return 2;
  }
  if (output.json) {
    out << ResultToJson(*result);
  } else {
    PrintResult(*result, output.devices, out);
  }
  return result->difference_count == 0 ? 0 : 1;
}

}  // namespace kaisar::audit
