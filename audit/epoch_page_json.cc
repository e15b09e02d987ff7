#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/device_explanation.h"
#include "audit/epoch_page.h"
#include "audit/names.h"
#include "audit/score_table.h"
#include "audit/soundness.h"
#include "base/printable.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

using Json = nlohmann::ordered_json;

/// Times are in steps of which an epoch has so many: finer than the pixels of a plot, and few
/// digits.
constexpr std::uint64_t kTicks = 8192;
constexpr std::size_t kMostWordBytes = 40;

/// Points as steps of time from each to the next, and values.
Json ToJson(const Curve& curve, std::uint64_t tick_ms) {
  Json steps = Json::array();
  Json values = Json::array();
  std::uint64_t before = 0;
  for (const Curve::Point& point : curve.Points()) {
    const std::uint64_t tick = point.due_ms / tick_ms;
    steps.push_back(tick - before);
    values.push_back(point.value);
    before = tick;
  }
  return {{"t", std::move(steps)}, {"v", std::move(values)}, {"of", curve.stride()}};
}

Json MissedToJson(std::vector<MissedChallenge> missed) {
  std::stable_sort(
      missed.begin(), missed.end(),
      [](const MissedChallenge& a, const MissedChallenge& b) { return a.due_ms < b.due_ms; });
  Json array = Json::array();
  for (const MissedChallenge& one : missed) {
    array.push_back({one.due_ms, NameOf(one.kind), one.verdict == v1::FAIL ? 1 : 0,
                     v1::Reason_Name(one.reason), one.record});
  }
  return array;
}

/// Adds to a device's score what it is made of and where it comes from.
void AddDevice(const AuditedEpoch& audited, const DeviceScore& score, std::uint64_t tick_ms,
               Json& json) {
  const OpenedEpoch& epoch = audited.result.epoch;
  const v1::Device& device = *challenges::FindDevice(epoch.opened.roster(), score.device);
  const DeviceHistory& history = audited.history.Of(score.device);
  DeviceExplanation explained;
  explained.device = device;
  explained.policy = epoch.policy;
  explained.score = score;
  explained.conclusive = history.conclusive;
  explained.answered = history.answered;
  // What the parts have, or nobody looks at.
  for (const char* key :
       {"name", "claimed_up_bits_per_second", "latency_ppm", "bandwidth_ppm", "quality_ppm"}) {
    json.erase(key);
  }
  json["class"] = Printable(device.device_class(), kMostWordBytes);
  json["region"] = Printable(device.region(), kMostWordBytes);
  json["phase"] = v1::Phase_Name(device.phase());
  json["sentence"] = ScoreSentence(explained);
  Json parts = Json::array();
  for (const ScorePart& part : PartsOf(explained)) {
    parts.push_back({part.name, part.formula, part.ppm});
  }
  json["parts"] = std::move(parts);
  json["formula"] = ScoreFormula(explained);
  const auto said = audited.result.descriptions.find(score.device);
  json["says"] = said == audited.result.descriptions.end() ? "" : DescriptionLine(said->second);
  json["samples"] = history.samples;
  Json unseen = Json::array();
  for (const std::uint32_t skipped_ppm : kShownSkips) {
    unseen.push_back(FormatChance(ChanceUnseen(skipped_ppm, history.samples)));
  }
  json["unseen"] = std::move(unseen);
  const std::pair<const char*, const Curve*> curves[] = {{"rtt", &history.rtt_us},
                                                         {"rate", &history.ops_per_second},
                                                         {"down", &history.down_bits_per_second},
                                                         {"up", &history.up_bits_per_second}};
  for (const auto& [name, curve] : curves) {
    if (!curve->empty()) json[name] = ToJson(*curve, tick_ms);
  }
  json["missed_count"] = history.missed_count;
  json["missed"] = MissedToJson(history.missed);
}

}  // namespace

Json EpochPageJson(const AuditedEpoch& audited) {
  const VerifyResult& result = audited.result;
  const v1::EpochOpened& opened = result.epoch.opened;
  const std::uint64_t epoch_ms = opened.epoch_end_ms() - opened.beacon_ms();
  const std::uint64_t tick_ms = epoch_ms / kTicks + 1;
  Json devices = ScoresToJson(opened.roster(), result.scores, {});
  for (std::size_t i = 0; i < devices.size(); ++i) {
    AddDevice(audited, result.scores[i], tick_ms, devices[i]);
  }
  const challenges::Policy& policy = result.epoch.policy;
  return {{"epoch_ms", epoch_ms},
          {"tick_ms", tick_ms},
          {"target_us", policy.latency.target_us},
          {"limit_us", policy.latency.limit_us},
          {"counted_bits_per_second", policy.bandwidth.counted_bits_per_second},
          {"devices", std::move(devices)}};
}

}  // namespace kaisar::audit
