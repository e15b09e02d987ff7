#include "audit/verify_command.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"

namespace kaisar::audit {
namespace {

constexpr std::size_t kMostShown = 20;
constexpr std::uint64_t kProgressStep = 5000;
using Row = std::vector<std::string>;

std::string WithPoint(std::uint64_t thousandths) {
  return absl::StrCat(thousandths / 1000, ".", thousandths / 100 % 10);
}

/// "1.3 Gop/s", rounded down.
std::string Rate(std::uint64_t ops_per_second) {
  if (ops_per_second < 1000) return absl::StrCat(ops_per_second, " op/s");
  constexpr std::array<const char*, 6> kUnits{"kop/s", "Mop/s", "Gop/s", "Top/s", "Pop/s", "Eop/s"};
  std::size_t unit = 0;
  while (ops_per_second >= 1'000'000 && unit + 1 < kUnits.size()) {
    ops_per_second /= 1000;
    ++unit;
  }
  return absl::StrCat(WithPoint(ops_per_second), " ", kUnits[unit]);
}

Row RowOf(const DeviceScore& device) {
  return {absl::StrCat(device.device),
          absl::StrCat(device.passed, "/", device.failed, "/", device.inconclusive),
          device.median_ops_per_second == 0 ? "-" : Rate(device.median_ops_per_second),
          absl::StrCat(WithPoint(device.availability_ppm / 10), " %"),
          device.median_rtt_us == 0 ? "-" : absl::StrCat(WithPoint(device.median_rtt_us), " ms"),
          device.score.has_value() ? absl::StrCat(*device.score, "/200") : "-",
          device.explanation};
}

void PrintTable(const std::vector<Row>& rows, std::ostream& out) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      absl::StrAppend(&line, std::string(widths[i] - row[i].size(), ' '), row[i], "  ");
    }
    line += row.back();
    out << line.substr(0, line.find_last_not_of(' ') + 1) << "\n";
  }
}

std::string Checked(const VerifyResult& result) {
  return absl::StrCat(result.records, " records, ", result.challenges, " challenges, ",
                      result.signatures_checked, " signatures and ", result.samples_checked,
                      " samples checked");
}

}  // namespace

void PrintResult(const VerifyResult& result, std::ostream& out) {
  if (!result.scores.empty()) {
    std::vector<Row> rows{
        {"device", "pass/fail/inconcl.", "rate", "available", "RTT", "score", "why"}};
    for (const DeviceScore& device : result.scores) rows.push_back(RowOf(device));
    PrintTable(rows, out);
    out << "\n";
  }
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
  Json devices = Json::array();
  for (const DeviceScore& device : result.scores) {
    Json reasons = Json::object();
    for (const auto& [reason, count] : device.reasons) {
      const std::string name = v1::Reason_Name(reason);
      reasons[name.empty() ? absl::StrCat(static_cast<int>(reason)) : name] = count;
    }
    devices.push_back({{"device", device.device},
                       {"passed", device.passed},
                       {"failed", device.failed},
                       {"inconclusive", device.inconclusive},
                       {"reasons", reasons},
                       {"ops_per_second", device.median_ops_per_second},
                       {"rtt_us", device.median_rtt_us},
                       {"availability_ppm", device.availability_ppm},
                       {"latency_ppm", device.latency_ppm},
                       {"compute_ppm", device.compute_ppm},
                       {"quality_ppm", device.quality_ppm},
                       {"score", device.score.has_value() ? Json(*device.score) : Json(nullptr)},
                       {"why", device.explanation}});
  }
  const Json json = {{"holds", result.difference_count == 0},
                     {"difference_count", result.difference_count},
                     {"differences", result.differences},
                     {"records", result.records},
                     {"challenges", result.challenges},
                     {"signatures_checked", result.signatures_checked},
                     {"samples_checked", result.samples_checked},
                     {"devices", devices}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

int RunVerify(const std::string& log_path, const std::string& report_path, bool json,
              std::ostream& out, std::ostream& errors) {
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
  if (json) {
    out << ResultToJson(*result);
  } else {
    PrintResult(*result, out);
  }
  return result->difference_count == 0 ? 0 : 1;
}

}  // namespace kaisar::audit
