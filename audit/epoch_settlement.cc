#include "audit/epoch_settlement.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/settlement_inputs.h"
#include "chain/committee.h"

namespace kaisar::audit {
namespace {

std::string DeviceName(std::uint32_t device) {
  return absl::StrCat("device ", device);
}

/// The cap of the token, in wei: what is beyond would also not fit the sums.
Uint256 MostFunded() {
  return Uint256(1'000'000'000) * Uint256(1'000'000'000'000'000'000);
}

std::string MedianText(std::uint8_t median) {
  return median == chain::kNoMedian ? "none" : absl::StrCat(median);
}

/// The members that a mask names, by their slots.
std::string MaskText(std::uint8_t mask, const std::vector<CommitteeMember>& members) {
  std::string text;
  for (std::uint32_t i = 0; i < 8; ++i) {
    if ((mask >> i & 1) == 0) continue;
    absl::StrAppend(&text, text.empty() ? "" : ", ");
    if (i < members.size()) {
      absl::StrAppend(&text, "slot ", members[i].slot);
    } else {
      absl::StrAppend(&text, "bit ", i);
    }
  }
  return text.empty() ? "none" : text;
}

/// Settles the devices of an epoch one after the other, and keeps the sums.
class Settler {
 public:
  explicit Settler(const EpochFacts& facts) : facts_(facts) {
    epoch_.epoch = facts.epoch;
    epoch_.opening = facts.opening;
  }

  EpochSettlement Settle() {
    epoch_.late = CheckOpening(facts_, epoch_.differences);
    CheckWindows(facts_, epoch_.differences);
    reports_ = CheckReports(facts_, epoch_.differences);
    for (const HeardReport& report : reports_) {
      SlotShare share;
      share.stage = report.stage;
      share.commit_transaction = report.commit_transaction;
      share.reveal_transaction = report.reveal_transaction;
      if (report.tree.has_value()) share.root = report.tree->root();
      epoch_.slots.push_back(share);
    }
    CheckTerms();
    IndexEvents();
    if (facts_.opening.has_value()) {
      for (const chain::DeviceState& device : facts_.devices) SettleDevice(device);
    }
    for (const auto& [device, event] : settled_) {
      Differ(device, "settled", "yes", "no, it has no weight in the epoch");
    }
    if (epoch_.to_providers + epoch_.to_slots > epoch_.emission) {
      epoch_.differences.push_back({"epoch", "sum of payments",
                                    (epoch_.to_providers + epoch_.to_slots).ToDecimal(),
                                    absl::StrCat("at most ", epoch_.emission.ToDecimal())});
    }
    return std::move(epoch_);
  }

 private:
  void Differ(std::uint32_t device, std::string what, std::string chain, std::string ours) {
    epoch_.differences.push_back(
        {DeviceName(device), std::move(what), std::move(chain), std::move(ours)});
  }

  void CheckTerms() {
    for (const chain::DeviceState& device : facts_.devices) epoch_.total_weight += device.weight;
    if (epoch_.total_weight != facts_.total_weight) {
      epoch_.differences.push_back({"epoch", "total weight", absl::StrCat(facts_.total_weight),
                                    absl::StrCat(epoch_.total_weight)});
    }
    for (const chain::FundedEvent& event : facts_.funded) {
      if (event.amount > MostFunded()) {
        epoch_.differences.push_back(
            {"epoch", "funded", event.amount.ToDecimal(), "less than there can be"});
        continue;
      }
      epoch_.funded = epoch_.funded + event.amount;
    }
    epoch_.emission = EmissionOf(facts_.deployment, facts_.epoch, epoch_.funded);
    if (epoch_.emission != facts_.emission) {
      epoch_.differences.push_back(
          {"epoch", "emission", facts_.emission.ToDecimal(), epoch_.emission.ToDecimal()});
    }
  }

  void IndexEvents() {
    for (const chain::SettledEvent& event : facts_.settled) {
      if (!settled_.emplace(event.device, &event).second) {
        Differ(event.device, "times settled", "2", "1");
      }
    }
    for (const chain::BondBurnedEvent& event : facts_.burned) {
      const auto settled = settled_.find(event.device);
      // The burn comes just before the payment of the same transaction.
      if (settled != settled_.end() && settled->second->transaction == event.transaction &&
          event.index < settled->second->index) {
        burned_[event.device] = event.amount;
      }
    }
  }

  SettlementInput Hear(const chain::DeviceState& device, DeviceSettlement& to) const {
    SettlementInput input;
    input.emission = epoch_.emission;
    input.weight = device.weight;
    input.total_weight = epoch_.total_weight;
    input.phase = device.phase;
    input.was_in_service = facts_.was_in_service.count(device.id) > 0;
    input.provider_percent = facts_.deployment.provider_percent;
    input.band = facts_.deployment.band;
    for (const std::uint32_t slot :
         chain::Committee(facts_.opening->beacon, device.id, facts_.slots)) {
      CommitteeMember member;
      member.slot = slot;
      if (const auto& tree = reports_[slot].tree; tree.has_value()) {
        member.revealed = true;
        member.score = ScoreIn(tree->WordOf(device.id), device.id);
      }
      input.scores.push_back(member.score);
      to.members.push_back(member);
    }
    return input;
  }

  void SettleDevice(const chain::DeviceState& state) {
    DeviceSettlement device;
    device.device = state.id;
    device.owner = state.owner;
    device.weight = state.weight;
    device.phase = state.phase;
    device.result = audit::Settle(Hear(state, device));
    if (const auto event = settled_.find(state.id); event != settled_.end()) {
      const std::size_t before = epoch_.differences.size();
      Compare(*event->second, device);
      device.agrees = epoch_.differences.size() == before;
      Pay(device);
      settled_.erase(event);
    } else {
      ++epoch_.unsettled;
    }
    epoch_.devices.push_back(std::move(device));
  }

  void Compare(const chain::SettledEvent& event, DeviceSettlement& device) {
    const SettlementResult& ours = device.result;
    const std::uint32_t id = device.device;
    device.settled = true;
    device.transaction = event.transaction;
    if (event.median != ours.median) {
      Differ(id, "median", MedianText(event.median), MedianText(ours.median));
    }
    if (event.present_mask != ours.present_mask) {
      Differ(id, "present members", MaskText(event.present_mask, device.members),
             MaskText(ours.present_mask, device.members));
    }
    if (event.agreed_mask != ours.agreed_mask) {
      Differ(id, "agreeing members", MaskText(event.agreed_mask, device.members),
             MaskText(ours.agreed_mask, device.members));
    }
    if (event.provider_pay != ours.provider_pay) {
      Differ(id, "provider pay", event.provider_pay.ToDecimal(), ours.provider_pay.ToDecimal());
    }
    if (event.commission_each != ours.commission_each) {
      Differ(id, "commission each", event.commission_each.ToDecimal(),
             ours.commission_each.ToDecimal());
    }
    CompareBond(device);
  }

  /// Less may be burned than is at stake, when no more is left.
  void CompareBond(DeviceSettlement& device) {
    const Uint256& stake = device.result.bond_at_stake;
    device.burned = burned_[device.device];
    const auto left = facts_.bond_after.find(device.device);
    const bool something_left = left != facts_.bond_after.end() && !left->second.is_zero();
    if (device.burned > stake || (device.burned < stake && something_left)) {
      Differ(device.device, "bond burned", device.burned.ToDecimal(), stake.ToDecimal());
    }
  }

  void Pay(const DeviceSettlement& device) {
    const SettlementResult& result = device.result;
    Uint256& provider = epoch_.providers[device.owner];
    provider = provider + result.provider_pay;
    epoch_.to_providers = epoch_.to_providers + result.provider_pay;
    const bool quorum = result.median != chain::kNoMedian;
    for (std::size_t i = 0; i < device.members.size(); ++i) {
      const bool present = (result.present_mask >> i & 1) == 1;
      const bool agreed = (result.agreed_mask >> i & 1) == 1;
      SlotShare& slot = epoch_.slots[device.members[i].slot];
      if (quorum && present) ++(agreed ? slot.agreed : slot.disagreed);
      if (!agreed && (quorum || !present)) continue;
      slot.earned = slot.earned + result.commission_each;
      epoch_.to_slots = epoch_.to_slots + result.commission_each;
    }
  }

  const EpochFacts& facts_;
  EpochSettlement epoch_;
  std::vector<HeardReport> reports_;                             // by slot
  std::map<std::uint32_t, const chain::SettledEvent*> settled_;  // not compared yet
  std::map<std::uint32_t, Uint256> burned_;
};

}  // namespace

EpochSettlement SettleAgain(const EpochFacts& facts) {
  return Settler(facts).Settle();
}

}  // namespace kaisar::audit
