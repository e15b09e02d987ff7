#include "audit/score_table.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "audit/figures.h"
#include "audit/text_table.h"
#include "base/printable.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

constexpr std::size_t kMostNameBytes = 40;

using Row = std::vector<std::string>;

std::string NameOf(const v1::Device& device, const DeviceNames& names) {
  const auto name = names.find(device.id());
  const std::string in_class = absl::StrCat("(", device.device_class(), ")");
  if (name == names.end()) return Printable(in_class, kMostNameBytes);
  return Printable(absl::StrCat(name->second, " ", in_class), kMostNameBytes);
}

/// "-" where nothing was measured.
std::string BitRate(std::uint64_t bits_per_second) {
  return bits_per_second > 0 ? FormatBitRate(bits_per_second) : "-";
}

Row RowOf(const DeviceScore& score, const v1::Device& device, const DeviceNames& names) {
  const bool computed = score.median_ops_per_second > 0;
  return {absl::StrCat(score.device),
          NameOf(device, names),
          absl::StrCat(score.passed, "/", score.failed, "/", score.inconclusive),
          computed ? FormatRate(score.median_ops_per_second) : "-",
          computed ? FormatShare(score.compute_ppm) : "-",
          BitRate(score.median_down_bits_per_second),
          BitRate(score.median_up_bits_per_second),
          FormatShare(score.availability_ppm),
          score.median_rtt_us > 0 ? FormatMicroseconds(score.median_rtt_us) : "-",
          score.score.has_value() ? absl::StrCat(*score.score, "/200") : "none",
          score.explanation};
}

nlohmann::ordered_json ToJson(const DeviceScore& score, const v1::Device& device,
                              const DeviceNames& names) {
  using Json = nlohmann::ordered_json;
  Json reasons = Json::object();
  for (const auto& [reason, count] : score.reasons) {
    const std::string name = v1::Reason_Name(reason);
    reasons[name.empty() ? absl::StrCat(static_cast<int>(reason)) : name] = count;
  }
  const auto name = names.find(score.device);
  return {{"device", score.device},
          {"name", name == names.end() ? "" : name->second},
          {"class", device.device_class()},
          {"passed", score.passed},
          {"failed", score.failed},
          {"inconclusive", score.inconclusive},
          {"reasons", reasons},
          {"ops_per_second", score.median_ops_per_second},
          {"claimed_ops_per_second", device.ops_per_second()},
          {"down_bits_per_second", score.median_down_bits_per_second},
          {"claimed_down_bits_per_second", device.down_bits_per_second()},
          {"up_bits_per_second", score.median_up_bits_per_second},
          {"claimed_up_bits_per_second", device.up_bits_per_second()},
          {"rtt_us", score.median_rtt_us},
          {"availability_ppm", score.availability_ppm},
          {"latency_ppm", score.latency_ppm},
          {"compute_ppm", score.compute_ppm},
          {"bandwidth_ppm", score.bandwidth_ppm},
          {"quality_ppm", score.quality_ppm},
          {"score", score.score.has_value() ? Json(*score.score) : Json(nullptr)},
          {"why", score.explanation}};
}

}  // namespace

std::string ScoreTable(const v1::Roster& roster, const std::vector<DeviceScore>& scores,
                       const DeviceNames& names) {
  std::vector<Row> rows = {{"device", "what it is", "pass/fail/inc.", "rate", "of claim", "down",
                            "up", "avail.", "RTT", "score", "why"}};
  for (const DeviceScore& score : scores) {
    const v1::Device* device = challenges::FindDevice(roster, score.device);
    if (device != nullptr) rows.push_back(RowOf(score, *device, names));
  }
  return AlignColumns(rows, {1, 10});
}

nlohmann::ordered_json ScoresToJson(const v1::Roster& roster,
                                    const std::vector<DeviceScore>& scores,
                                    const DeviceNames& names) {
  nlohmann::ordered_json devices = nlohmann::ordered_json::array();
  for (const DeviceScore& score : scores) {
    const v1::Device* device = challenges::FindDevice(roster, score.device);
    if (device != nullptr) devices.push_back(ToJson(score, *device, names));
  }
  return devices;
}

}  // namespace kaisar::audit
