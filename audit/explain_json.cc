// What `explain` prints for programs.

#include <nlohmann/json.hpp>

#include "audit/explain_command.h"
#include "audit/names.h"
#include "audit/settlement_names.h"
#include "audit/slot_pay.h"
#include "audit/timeline_command.h"
#include "base/hex.h"
#include "chain/committee.h"
#include "chain/phase_name.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::audit {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

/// What a kind weighs in the device's phase, and how many of its challenges count.
Json KindsToJson(const DeviceExplanation& explained) {
  Json kinds = Json::object();
  const auto phase = explained.policy.phases.find(explained.device.phase());
  if (phase == explained.policy.phases.end()) return kinds;
  for (const auto& [kind, policy] : phase->second) {
    const auto conclusive = explained.conclusive.find(kind);
    kinds[NameOf(kind)] = {
        {"weight", policy.weight},
        {"least_evidence", policy.least_evidence},
        {"conclusive", conclusive == explained.conclusive.end() ? 0 : conclusive->second}};
  }
  return kinds;
}

/// Each share with its inputs, as docs/protocol.md, Score, has them.
Json SharesToJson(const DeviceExplanation& explained) {
  const DeviceScore& score = explained.score;
  const v1::Device& device = explained.device;
  const challenges::Policy& policy = explained.policy;
  return {{"availability", {{"ppm", score.availability_ppm}, {"answered", explained.answered}}},
          {"latency",
           {{"ppm", score.latency_ppm},
            {"median_rtt_us", score.median_rtt_us},
            {"target_us", policy.latency.target_us},
            {"limit_us", policy.latency.limit_us}}},
          {"compute",
           {{"ppm", score.compute_ppm},
            {"median_ops_per_second", score.median_ops_per_second},
            {"claimed_ops_per_second", device.ops_per_second()}}},
          {"bandwidth",
           {{"ppm", score.bandwidth_ppm},
            {"median_down_bits_per_second", score.median_down_bits_per_second},
            {"counted_down_bits_per_second",
             challenges::CountedRate(device.down_bits_per_second(), policy.bandwidth)},
            {"median_up_bits_per_second", score.median_up_bits_per_second},
            {"counted_up_bits_per_second",
             challenges::CountedRate(device.up_bits_per_second(), policy.bandwidth)}}},
          {"quality", {{"ppm", score.quality_ppm}}}};
}

}  // namespace

std::string DeviceExplanationToJson(const DeviceExplanation& explained,
                                    const std::vector<TimelineRow>& challenges,
                                    const std::string& mismatch) {
  const v1::Device& device = explained.device;
  Json rows = Json::array();
  for (const TimelineRow& row : challenges) rows.push_back(Json::parse(TimelineJson(row)));
  return Dump({{"device", device.id()},
               {"class", device.device_class()},
               {"phase", v1::Phase_Name(device.phase())},
               {"epoch", explained.epoch},
               {"slot", explained.slot},
               {"root", ToPrefixedHex(explained.root)},
               {"score", OrNull(explained.score.score)},
               {"proof_invalid", explained.score.proof_invalid},
               {"kinds", KindsToJson(explained)},
               {"shares", SharesToJson(explained)},
               {"sentence", ScoreSentence(explained)},
               {"report_agrees", mismatch.empty()},
               {"report_difference", mismatch.empty() ? Json(nullptr) : Json(mismatch)},
               {"challenges", rows}});
}

std::string SlotPayToJson(const EpochSettlement& epoch, std::uint32_t slot, std::uint8_t band) {
  const SlotPay pay = ExplainSlotPay(epoch, slot, band);
  const SlotShare& share = epoch.slots[slot];
  Json devices = Json::array();
  for (const SlotAnswer& answer : pay.answers) {
    const DeviceSettlement& device = *answer.device;
    const bool quorum = device.result.median != chain::kNoMedian;
    Json others = Json::array();
    for (const CommitteeMember& member : device.members) {
      if (member.slot == slot) continue;
      others.push_back({{"slot", member.slot}, {"score", OrNull(member.score)}});
    }
    devices.push_back({{"device", device.device},
                       {"weight", device.weight},
                       {"phase", NameOf(device.phase)},
                       {"score", OrNull(answer.score)},
                       {"median", quorum ? Json(device.result.median) : Json(nullptr)},
                       {"others", others},
                       {"earned", answer.earned.ToDecimal()},
                       {"at_stake", answer.at_stake.ToDecimal()},
                       {"disagreed", answer.disagreed},
                       {"settled", device.settled},
                       {"outcome", answer.outcome}});
  }
  const bool revealed = share.stage == ReportStage::kRevealed;
  return Dump({{"slot", slot},
               {"epoch", epoch.epoch},
               {"report", NameOf(share.stage)},
               {"reveal_transaction",
                revealed ? Json(ToPrefixedHex(share.reveal_transaction)) : Json(nullptr)},
               {"band", band},
               {"earned", pay.earned.ToDecimal()},
               {"at_stake", pay.at_stake.ToDecimal()},
               {"sentence", pay.sentence},
               {"chain_agrees", epoch.differences.empty()},
               {"devices", devices}});
}

}  // namespace kaisar::audit
