#include "checker/summary.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "audit/score_table.h"
#include "base/hex.h"

namespace kaisar::checker {
std::string SummaryTable(const EpochResult& result,
                         const std::map<std::uint32_t, std::string>& names) {
  return absl::StrCat("epoch ", result.report.report.epoch, ", slot ", result.report.report.slot,
                      ": ", result.records, " records\n",
                      audit::ScoreTable(result.roster, result.scores, names),
                      "log:    ", result.log_path, "\nreport: ", result.report_path, "\n");
}

std::string SummaryJson(const EpochResult& result,
                        const std::map<std::uint32_t, std::string>& names) {
  const nlohmann::ordered_json summary = {
      {"epoch", result.report.report.epoch},
      {"slot", result.report.report.slot},
      {"records", result.records},
      {"log_root", ToPrefixedHex(result.report.report.transcript_root)},
      {"log", result.log_path},
      {"report", result.report_path},
      {"devices", audit::ScoresToJson(result.roster, result.scores, names)}};
  return summary.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace kaisar::checker
