#include "checker/summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "challenges/roster.h"
#include "checker/figures.h"
#include "checker/printable.h"

namespace kaisar::checker {
namespace {

constexpr std::size_t kMostNameBytes = 40;

using Row = std::vector<std::string>;

std::string NameOf(const v1::Device& device, const std::map<std::uint32_t, std::string>& names) {
  const auto name = names.find(device.id());
  const std::string in_class = absl::StrCat("(", device.device_class(), ")");
  if (name == names.end()) return Printable(in_class, kMostNameBytes);
  return Printable(absl::StrCat(name->second, " ", in_class), kMostNameBytes);
}

Row RowOf(const audit::DeviceScore& score, const v1::Device& device,
          const std::map<std::uint32_t, std::string>& names) {
  const bool computed = score.median_ops_per_second > 0;
  return {absl::StrCat(score.device),
          NameOf(device, names),
          absl::StrCat(score.passed, "/", score.failed, "/", score.inconclusive),
          computed ? FormatRate(score.median_ops_per_second) : "-",
          computed ? FormatShare(score.compute_ppm) : "-",
          FormatShare(score.availability_ppm),
          score.median_rtt_us > 0 ? FormatMicroseconds(score.median_rtt_us) : "-",
          score.score.has_value() ? absl::StrCat(*score.score, "/200") : "none",
          score.explanation};
}

std::string Align(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      const bool left = i == 1 || i + 1 == row.size();  // words left, figures right
      absl::StrAppend(&line, i == 0 ? "" : "  ", left ? "" : padding, row[i], left ? padding : "");
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

}  // namespace

std::string SummaryTable(const EpochResult& result,
                         const std::map<std::uint32_t, std::string>& names) {
  std::vector<Row> rows = {{"device", "what it is", "pass/fail/inc.", "rate", "of claim", "avail.",
                            "RTT", "score", "why"}};
  for (const audit::DeviceScore& score : result.scores) {
    const v1::Device* device = challenges::FindDevice(result.roster, score.device);
    if (device != nullptr) rows.push_back(RowOf(score, *device, names));
  }
  return absl::StrCat("epoch ", result.report.report.epoch, ", slot ", result.report.report.slot,
                      ": ", result.records, " records\n", Align(rows), "log:    ", result.log_path,
                      "\nreport: ", result.report_path, "\n");
}

std::string SummaryJson(const EpochResult& result,
                        const std::map<std::uint32_t, std::string>& names) {
  nlohmann::json devices = nlohmann::json::array();
  for (const audit::DeviceScore& score : result.scores) {
    const v1::Device* device = challenges::FindDevice(result.roster, score.device);
    if (device == nullptr) continue;
    nlohmann::json reasons = nlohmann::json::object();
    for (const auto& [reason, count] : score.reasons) reasons[v1::Reason_Name(reason)] = count;
    const auto name = names.find(score.device);
    devices.push_back({{"device", score.device},
                       {"name", name == names.end() ? "" : name->second},
                       {"class", device->device_class()},
                       {"passed", score.passed},
                       {"failed", score.failed},
                       {"inconclusive", score.inconclusive},
                       {"reasons", reasons},
                       {"ops_per_second", score.median_ops_per_second},
                       {"claimed_ops_per_second", device->ops_per_second()},
                       {"compute_ppm", score.compute_ppm},
                       {"availability_ppm", score.availability_ppm},
                       {"latency_ppm", score.latency_ppm},
                       {"quality_ppm", score.quality_ppm},
                       {"median_rtt_us", score.median_rtt_us},
                       {"score", score.score.has_value() ? nlohmann::json(*score.score) : nullptr},
                       {"why", score.explanation}});
  }
  const nlohmann::json summary = {
      {"epoch", result.report.report.epoch},
      {"slot", result.report.report.slot},
      {"records", result.records},
      {"log_root", absl::StrCat("0x", ToHex(result.report.report.transcript_root))},
      {"log", result.log_path},
      {"report", result.report_path},
      {"devices", devices}};
  return summary.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace kaisar::checker
