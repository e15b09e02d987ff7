#include "checker/chain_registry.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/chain_roster.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "checker/slot_duty.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint32_t kPollMs = 1000;       // for the opening, and for blocks on top of it
constexpr std::uint32_t kTroubleMs = 5000;    // before an unreachable chain is asked again
constexpr std::uint32_t kRefusalMs = 60'000;  // before a refusal is looked at again
constexpr std::uint32_t kTellTroubleMs = 60'000;
constexpr std::uint32_t kLeastPatienceMs = 10'000;

}  // namespace

ChainRegistry::ChainRegistry(const ChainRegistrySettings& settings, ChainRegistryServices services)
    : settings_(settings), services_(std::move(services)) {}

EpochGrid ChainRegistry::grid() const {
  const chain::Schedule& schedule = services_.contracts.deployment().schedule;
  return {schedule.genesis * 1000, std::uint64_t{schedule.epoch_seconds} * 1000};
}

absl::StatusOr<std::optional<EpochStart>> ChainRegistry::Begin(std::uint32_t epoch) {
  if (asked_ != epoch) {
    asked_ = epoch;
    ask_again_ns_ = 0;
    refusal_ = absl::OkStatus();
    not_opened_told_ = false;
  }
  if (services_.clock.MonotonicNs() >= ask_again_ns_) {
    absl::StatusOr<Answer> answer = Ask(epoch);
    if (!answer.ok()) {
      TellTrouble(answer.status());
      AskAgainIn(kTroubleMs);
      return std::nullopt;
    }
    if (std::exchange(in_trouble_, false)) services_.notice("the chain answers again");
    refusal_ = answer->refusal;
    AskAgainIn(refusal_.ok() ? kPollMs : kRefusalMs);
    if (answer->start) return std::move(answer->start);
  }
  if (!refusal_.ok()) return refusal_;
  return std::nullopt;
}

absl::StatusOr<ChainRegistry::Answer> ChainRegistry::Ask(std::uint32_t epoch) {
  ASSIGN_OR_RETURN(const std::optional<chain::Opening> opening,
                   services_.contracts.FindOpening(epoch));
  if (!opening) {
    TellNotOpened(epoch);
    return Answer();
  }
  ASSIGN_OR_RETURN(const chain::Block latest, services_.contracts.client().Latest());
  if (latest.number < opening->block_number + settings_.confirmations) return Answer();
  if (absl::Status late = CheckTimeLeft(epoch, *opening); !late.ok()) {
    return Answer{std::nullopt, std::move(late)};
  }
  absl::StatusOr<Answer> answer = Read(epoch, *opening, opening->block_number);
  if (absl::IsOutOfRange(answer.status())) return Read(epoch, *opening, std::nullopt);
  return answer;
}

absl::StatusOr<ChainRegistry::Answer> ChainRegistry::Read(std::uint32_t epoch,
                                                          const chain::Opening& opening, At at) {
  chain::Contracts& contracts = services_.contracts;
  ASSIGN_OR_RETURN(const std::vector<chain::SlotState> slots, contracts.Slots(at));
  Answer answer;
  ASSIGN_OR_RETURN(const chain::SlotState own, OwnSlot(epoch, slots, at, answer.refusal));
  if (!answer.refusal.ok()) return answer;
  ASSIGN_OR_RETURN(const std::uint32_t drawn_from, contracts.SlotCountAt(epoch, at));
  ASSIGN_OR_RETURN(const std::vector<chain::DeviceState> devices, contracts.DevicesOf(epoch, at));
  audit::CommitteeDevices found = audit::FindCommitteeDevices(devices, opening.beacon, drawn_from,
                                                              settings_.slot, services_.policy);
  TellLeftOut(found.left_out);

  EpochStart& start = answer.start.emplace();
  start.beacon = opening.beacon;
  start.beacon_ms = opening.timestamp_s * 1000;
  start.roster.set_chain_id(contracts.deployment().chain_id);
  start.roster.set_contract(ToString(contracts.deployment().reports));
  for (v1::Device& device : found.devices) *start.roster.add_devices() = std::move(device);
  for (const std::uint32_t id : found.members) {
    if (id == settings_.slot) {
      *start.roster.add_slots() = audit::RosterSlot(id, own, services_.keys.hot.address());
      continue;
    }
    if (id >= slots.size()) continue;
    ASSIGN_OR_RETURN(const Address hot_key, contracts.HotKeyAt(id, epoch, at));
    if (hot_key == Address{}) continue;  // not active: its challenges are nobody's
    *start.roster.add_slots() = audit::RosterSlot(id, slots[id], hot_key);
  }
  return answer;
}

// Pin and anchor may have been mended since the beacon's block, for this very epoch.
absl::StatusOr<chain::SlotState> ChainRegistry::OwnSlot(std::uint32_t epoch,
                                                        const std::vector<chain::SlotState>& slots,
                                                        At at, absl::Status& refusal) {
  const std::uint32_t id = settings_.slot;
  if (id >= slots.size()) {
    refusal = absl::FailedPreconditionError(
        absl::StrCat("there is no slot ", id, ", ids so far: ", slots.size(),
                     "; correct slot in the config, or register one: kaisar-checker stake"));
    return chain::SlotState();
  }
  ASSIGN_OR_RETURN(const Address hot_key, services_.contracts.HotKeyAt(id, epoch, at));
  refusal = CheckDuty(epoch, id, slots[id], hot_key, services_.keys);
  if (refusal.ok() || !at) return slots[id];
  ASSIGN_OR_RETURN(const chain::SlotState newest, services_.contracts.Slot(id));
  refusal = CheckDuty(epoch, id, newest, hot_key, services_.keys);
  return newest;
}

absl::Status ChainRegistry::CheckTimeLeft(std::uint32_t epoch,
                                          const chain::Opening& opening) const {
  const std::uint64_t end_ms = services_.contracts.deployment().schedule.end(epoch) * 1000;
  const std::uint64_t beacon_ms = opening.timestamp_s * 1000;
  const std::uint64_t left_ms = end_ms > beacon_ms ? end_ms - beacon_ms : 0;
  const std::uint64_t least_ms =
      std::uint64_t{services_.policy.guard_ms} + services_.policy.slack_ms;
  if (left_ms > least_ms) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("it was opened ", left_ms,
                                                    " ms before its end, and the policy needs more "
                                                    "than ",
                                                    least_ms, " ms"));
}

void ChainRegistry::Recheck(std::uint32_t epoch, const Digest& beacon) {
  const auto opening = services_.contracts.FindOpening(epoch);
  if (!opening.ok() || !opening->has_value() || (*opening)->beacon == beacon) return;
  services_.notice(absl::StrCat(
      "epoch ", epoch, " was run with the beacon 0x", ToHex(beacon), ", the chain now says 0x",
      ToHex((*opening)->beacon),
      ": it was reorganized deeper than confirmations. The report is committed all the same, so "
      "that the slot is not penalized; scores of other committees' devices count nowhere"));
}

void ChainRegistry::TellLeftOut(const std::map<std::uint32_t, std::string>& left_out) {
  for (const auto& [id, why] : left_out) {
    std::string& told = left_out_told_[id];
    if (told == why) continue;
    told = why;
    services_.notice(absl::StrCat("device ", id, " is left out: ", why));
  }
}

void ChainRegistry::TellTrouble(const absl::Status& status) {
  const std::uint64_t now_ns = services_.clock.MonotonicNs();
  if (in_trouble_ && now_ns - trouble_told_ns_ < kTellTroubleMs * kNsPerMs) return;
  in_trouble_ = true;
  trouble_told_ns_ = now_ns;
  services_.notice(absl::StrCat("cannot read the chain, trying again: ", status.message()));
}

void ChainRegistry::TellNotOpened(std::uint32_t epoch) {
  const EpochGrid when = grid();
  const std::uint64_t begin_ms = when.genesis_ms + epoch * when.epoch_ms;
  const std::uint64_t patience_ms = std::max<std::uint64_t>(kLeastPatienceMs, when.epoch_ms / 20);
  if (not_opened_told_ || services_.clock.WallMs() < begin_ms + patience_ms) return;
  not_opened_told_ = true;
  services_.notice(absl::StrCat("epoch ", epoch, " is not opened yet; waiting for its beacon"));
}

void ChainRegistry::AskAgainIn(std::uint32_t ms) {
  ask_again_ns_ = services_.clock.MonotonicNs() + ms * kNsPerMs;
}

}  // namespace kaisar::checker
