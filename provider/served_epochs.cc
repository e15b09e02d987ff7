#include "provider/served_epochs.h"

#include <algorithm>
#include <utility>

#include "chain/committee.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kMostAllowanceSeconds = 60;

}  // namespace

std::map<std::uint32_t, std::set<std::uint32_t>> MembersOf(const EpochView& view) {
  std::map<std::uint32_t, std::set<std::uint32_t>> members;
  for (const std::uint32_t device : view.devices) {
    for (const std::uint32_t slot : chain::Committee(view.beacon, device, view.slots)) {
      members[slot].insert(device);
    }
  }
  return members;
}

bool ActiveIn(const chain::SlotState& slot, std::uint32_t epoch) {
  return slot.active_from <= epoch && epoch < slot.active_until && !slot.ejected;
}

std::vector<ServedSlot> ServedIn(const EpochView& view,
                                 const std::map<std::uint32_t, chain::SlotState>& states) {
  std::vector<ServedSlot> served;
  for (const auto& [id, devices] : MembersOf(view)) {
    const auto state = states.find(id);
    if (state == states.end() || !ActiveIn(state->second, view.epoch)) continue;
    served.push_back(
        {{id, state->second.hot_key, state->second.tls_pin}, view.epoch, devices, view.in_service});
  }
  return served;
}

std::uint64_t AllowanceSeconds(const chain::Schedule& schedule) {
  return std::min<std::uint64_t>(kMostAllowanceSeconds, schedule.epoch_seconds / 4);
}

std::vector<ServedSlot> ServedAt(const std::map<std::uint32_t, std::vector<ServedSlot>>& epochs,
                                 const chain::Schedule& schedule, std::uint64_t chain_s,
                                 std::uint64_t wall_s) {
  const std::uint64_t allowance_s = AllowanceSeconds(schedule);
  const bool out_of_sight = wall_s > chain_s + allowance_s;
  std::vector<ServedSlot> served;
  for (const auto& [epoch, slots] : epochs) {
    const std::uint64_t end_s = schedule.end(epoch);
    // Not begun: a reorganization took the chain back over the border.
    if (chain_s < schedule.begin(epoch) || chain_s >= end_s + allowance_s) continue;
    if (wall_s >= end_s + schedule.epoch_seconds) continue;
    served.insert(served.end(), slots.begin(), slots.end());
    if (epoch != epochs.rbegin()->first || !out_of_sight || wall_s < end_s || chain_s >= end_s) {
      continue;
    }
    for (ServedSlot slot : slots) {
      slot.epoch = epoch + 1;
      served.push_back(std::move(slot));
    }
  }
  return served;
}

}  // namespace kaisar::provider
