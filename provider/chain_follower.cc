#include "provider/chain_follower.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "chain/phase_name.h"
#include "provider/event_log.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::uint64_t kOpeningRestMs = 500;
// An epoch that is late: its checkers ask as soon as it is opened, and are refused until we know.
constexpr std::uint64_t kLateRestMs = 1000;
constexpr std::uint64_t kWarnEveryNs = 60 * kNsPerSecond;

std::string SlotIds(const std::vector<ServedSlot>& slots) {
  if (slots.empty()) return "none";
  return absl::StrJoin(slots, ",", [](std::string* out, const ServedSlot& slot) {
    absl::StrAppend(out, slot.slot.id);
  });
}

}  // namespace

ChainFollower::ChainFollower(chain::Contracts& contracts, std::vector<OwnDevice> devices,
                             Admission& admission, const Clock& clock)
    : contracts_(contracts),
      devices_(std::move(devices)),
      admission_(admission),
      clock_(clock),
      schedule_(contracts.deployment().schedule) {}

absl::Status ChainFollower::Poll() {
  absl::Status status = Read();
  Serve();
  Tell(status);
  return status;
}

std::uint32_t ChainFollower::RestMs(std::uint32_t poll_ms) const {
  const std::uint64_t now_ms = clock_.WallMs();
  const std::uint64_t genesis_ms = schedule_.genesis * 1000;
  if (now_ms < genesis_ms) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(poll_ms, genesis_ms - now_ms));
  }
  const std::uint64_t epoch_ms = schedule_.epoch_seconds * std::uint64_t{1000};
  const std::uint64_t into_ms = (now_ms - genesis_ms) % epoch_ms;
  const auto epoch = static_cast<std::uint32_t>((now_ms - genesis_ms) / epoch_ms);
  std::uint64_t most_ms = epoch_ms - into_ms;
  if (!epochs_.contains(epoch)) {
    const bool late = into_ms >= AllowanceSeconds(schedule_) * 1000;
    most_ms = std::min(most_ms, late ? kLateRestMs : kOpeningRestMs);
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(poll_ms, most_ms));
}

absl::Status ChainFollower::Read() {
  ASSIGN_OR_RETURN(const chain::Block latest, contracts_.client().Latest());
  chain_s_ = latest.timestamp_s;
  const bool refresh = clock_.MonotonicNs() >= refresh_ns_;
  if (refresh) {
    for (OwnDevice& device : devices_) RETURN_IF_ERROR(ReadDevice(device));
  }
  if (chain_s_ >= schedule_.genesis) {
    const auto epoch =
        static_cast<std::uint32_t>((chain_s_ - schedule_.genesis) / schedule_.epoch_seconds);
    if (refresh || !epochs_.contains(epoch)) RETURN_IF_ERROR(ReadEpoch(epoch));
  }
  if (refresh) {
    refresh_ns_ = clock_.MonotonicNs() + AllowanceSeconds(schedule_) * kNsPerSecond;
  }
  return absl::OkStatus();
}

absl::Status ChainFollower::ReadEpoch(std::uint32_t epoch) {
  ASSIGN_OR_RETURN(const std::optional<chain::Opening> opening, contracts_.FindOpening(epoch));
  if (!opening.has_value()) {
    // One that a reorganisation took back is opened again: until then whoever began goes on.
    if (unopened_ != epoch) LogEvent(EventLevel::kInfo, "unopened", {{"epoch", epoch}});
    unopened_ = epoch;
    return absl::OkStatus();
  }
  EpochView view{epoch, opening->beacon, 0, {}};
  ASSIGN_OR_RETURN(view.slots, contracts_.SlotCountAt(epoch));
  for (OwnDevice& device : devices_) {
    if (device.unregistered) continue;
    ASSIGN_OR_RETURN(const chain::DeviceState state, contracts_.DeviceAt(device.id, epoch));
    device.in_epoch = state.weight != 0;
    if (!*device.in_epoch) continue;
    view.devices.push_back(device.id);
    ASSIGN_OR_RETURN(const bool in_service, WasInServiceAt(opening->block_number, device.id));
    if (in_service) view.in_service.insert(device.id);
  }
  ASSIGN_OR_RETURN(const auto states, ReadMembers(view));
  std::vector<ServedSlot> served = ServedIn(view, states);
  const auto known = epochs_.find(epoch);
  if (known == epochs_.end() || known->second != served) {
    LogEvent(
        EventLevel::kInfo, "epoch",
        {{"epoch", epoch},
         {"beacon", ShortId(view.beacon)},
         {"devices", view.devices.empty() ? "none" : absl::StrJoin(view.devices, ",")},
         {"in_service", view.in_service.empty() ? "none" : absl::StrJoin(view.in_service, ",")},
         {"slots", SlotIds(served)}});
  }
  epochs_.insert_or_assign(epoch, std::move(served));
  while (epochs_.begin()->first + 1 < epoch) epochs_.erase(epochs_.begin());
  return absl::OkStatus();
}

absl::StatusOr<bool> ChainFollower::WasInServiceAt(std::uint64_t block_number,
                                                   std::uint32_t device) {
  absl::StatusOr<chain::DeviceState> state = contracts_.Device(device, block_number);
  // An endpoint that keeps no old states; checkers then ask for the newest one as well.
  if (absl::IsOutOfRange(state.status())) state = contracts_.Device(device);
  RETURN_IF_ERROR(state.status());
  return state->phase == chain::Phase::kInService;
}

absl::StatusOr<std::map<std::uint32_t, chain::SlotState>> ChainFollower::ReadMembers(
    const EpochView& view) {
  std::map<std::uint32_t, chain::SlotState> states;
  for (const auto& [id, devices] : MembersOf(view)) {
    ASSIGN_OR_RETURN(chain::SlotState state, contracts_.Slot(id));
    ASSIGN_OR_RETURN(state.hot_key, contracts_.HotKeyAt(id, view.epoch));
    states.emplace(id, std::move(state));
  }
  return states;
}

absl::Status ChainFollower::ReadDevice(OwnDevice& device) {
  const absl::StatusOr<chain::DeviceState> read = contracts_.Device(device.id);
  // One that the chain had is still there: the endpoint is behind.
  const bool unregistered = absl::IsAborted(read.status()) && !device.registered_key.has_value();
  if (std::exchange(device.unregistered, unregistered) != unregistered && unregistered) {
    LogEvent(EventLevel::kWarning, "unregistered",
             {{"device", device.id}, {"reason", read.status().message()}});
  }
  if (unregistered) {
    device.in_epoch = false;
    return absl::OkStatus();  // the others are served all the same
  }
  RETURN_IF_ERROR(read.status());
  const chain::DeviceState& state = *read;
  if (std::exchange(device.phase, state.phase) != state.phase) {
    LogEvent(EventLevel::kInfo, "phase",
             {{"device", device.id},
              {"phase", chain::NameOf(state.phase)},
              {"weight", state.weight},
              {"endpoint", state.endpoint}});
  }
  const bool changed = std::exchange(device.registered_key, state.key) != state.key;
  if (changed && device.has_other_key()) {
    LogEvent(EventLevel::kWarning, "other_key",
             {{"device", device.id},
              {"registered", ToPrefixedHex(state.key)},
              {"here", ToPrefixedHex(device.key)}});
  }
  return absl::OkStatus();
}

void ChainFollower::Serve() {
  std::vector<ServedSlot> served = ServedAt(epochs_, schedule_, chain_s_, clock_.WallMs() / 1000);
  if (served == served_) return;
  admission_.Serve(served);
  served_ = std::move(served);
  LogEvent(EventLevel::kInfo, "serving", {{"slots", SlotIds(served_)}});
}

void ChainFollower::Tell(const absl::Status& status) {
  const std::uint64_t now_ns = clock_.MonotonicNs();
  if (status.ok()) {
    if (failing_since_ns_ != 0) {
      LogEvent(EventLevel::kInfo, "chain_readable",
               {{"after_s", (now_ns - failing_since_ns_) / kNsPerSecond}});
    }
    failing_since_ns_ = 0;
    return;
  }
  if (failing_since_ns_ == 0)
    failing_since_ns_ = std::max<std::uint64_t>(1, now_ns);
  else if (now_ns < next_warning_ns_)
    return;
  next_warning_ns_ = now_ns + kWarnEveryNs;
  LogEvent(EventLevel::kWarning, "chain_unreadable",
           {{"since_s", (now_ns - failing_since_ns_) / kNsPerSecond},
            {"served", SlotIds(served_)},
            {"reason", status.message()}});
}

}  // namespace kaisar::provider
