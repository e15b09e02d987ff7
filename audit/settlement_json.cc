#include <nlohmann/json.hpp>

#include "audit/settle_command.h"
#include "audit/settlement_names.h"
#include "base/hex.h"
#include "chain/committee.h"
#include "chain/phase_name.h"

namespace kaisar::audit {
namespace {

using Json = nlohmann::ordered_json;

Json Committee(const DeviceSettlement& device) {
  Json members = Json::array();
  for (std::size_t i = 0; i < device.members.size(); ++i) {
    const CommitteeMember& member = device.members[i];
    members.push_back({{"slot", member.slot},
                       {"revealed", member.revealed},
                       {"score", member.score.has_value() ? Json(*member.score) : Json(nullptr)},
                       {"agreed", (device.result.agreed_mask >> i & 1) == 1}});
  }
  return members;
}

Json ToJson(const DeviceSettlement& device) {
  const SettlementResult& result = device.result;
  return {{"device", device.device},
          {"owner", ToPrefixedHex(device.owner)},
          {"weight", device.weight},
          {"phase", NameOf(device.phase)},
          {"committee", Committee(device)},
          {"median", result.median == chain::kNoMedian ? Json(nullptr) : Json(result.median)},
          {"provider_pay", result.provider_pay.ToDecimal()},
          {"commission_each", result.commission_each.ToDecimal()},
          {"bond_at_stake", result.bond_at_stake.ToDecimal()},
          {"bond_burned", device.burned.ToDecimal()},
          {"promotes", result.promotes},
          {"settled", device.settled},
          {"transaction", device.settled ? Json(ToPrefixedHex(device.transaction)) : Json(nullptr)},
          {"agrees", device.agrees}};
}

Json Opening(const EpochSettlement& epoch) {
  if (!epoch.opening.has_value()) return nullptr;
  return {{"beacon", ToPrefixedHex(epoch.opening->beacon)},
          {"block", epoch.opening->block_number},
          {"timestamp", epoch.opening->timestamp_s},
          {"late", epoch.late}};
}

Json Slots(const EpochSettlement& epoch) {
  Json slots = Json::array();
  for (std::size_t id = 0; id < epoch.slots.size(); ++id) {
    const SlotShare& slot = epoch.slots[id];
    const bool committed = slot.stage != ReportStage::kNone;
    const bool revealed = slot.stage == ReportStage::kRevealed;
    slots.push_back(
        {{"slot", id},
         {"report", NameOf(slot.stage)},
         {"root", revealed ? Json(ToPrefixedHex(slot.root)) : Json(nullptr)},
         {"commit", committed ? Json(ToPrefixedHex(slot.commit_transaction)) : Json(nullptr)},
         {"reveal", revealed ? Json(ToPrefixedHex(slot.reveal_transaction)) : Json(nullptr)},
         {"agreed", slot.agreed},
         {"disagreed", slot.disagreed},
         {"earned", slot.earned.ToDecimal()}});
  }
  return slots;
}

}  // namespace

std::string SettlementToJson(const EpochSettlement& epoch, std::optional<std::uint32_t> only) {
  Json devices = Json::array(), providers = Json::array(), differences = Json::array();
  for (const DeviceSettlement& device : epoch.devices) {
    if (!only.has_value() || *only == device.device) devices.push_back(ToJson(device));
  }
  for (const auto& [owner, earned] : epoch.providers) {
    providers.push_back({{"owner", ToPrefixedHex(owner)}, {"earned", earned.ToDecimal()}});
  }
  for (const SettlementDifference& found : epoch.differences) {
    differences.push_back({{"where", found.where},
                           {"what", found.what},
                           {"chain", found.chain},
                           {"ours", found.ours}});
  }
  const Json json = {{"agrees", epoch.differences.empty()},
                     {"epoch", epoch.epoch},
                     {"opening", Opening(epoch)},
                     {"emission", epoch.emission.ToDecimal()},
                     {"funded", epoch.funded.ToDecimal()},
                     {"total_weight", epoch.total_weight},
                     {"to_providers", epoch.to_providers.ToDecimal()},
                     {"to_slots", epoch.to_slots.ToDecimal()},
                     {"unsettled", epoch.unsettled},
                     {"devices", devices},
                     {"slots", Slots(epoch)},
                     {"providers", providers},
                     {"differences", differences}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace kaisar::audit
