#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/bytes.h"
#include "chain/contracts.h"
#include "chain/deployment.h"
#include "provider/served_slot.h"

namespace kaisar::provider {

/// What the chain says of an epoch, as far as it concerns this provider.
struct EpochView {
  std::uint32_t epoch = 0;
  Digest beacon{};
  std::uint32_t slots = 0;                  // N_e: the ids of committees are below it
  std::vector<std::uint32_t> devices;       // of this provider, those with weight in the epoch
  std::set<std::uint32_t> in_service = {};  // of those: IN_SERVICE when the epoch was opened
};

/// The slots in the committees of the devices, and whose committees those are.
std::map<std::uint32_t, std::set<std::uint32_t>> MembersOf(const EpochView& view);

/// A slot as it stands in an epoch: `hot_key` is the epoch's.
bool ActiveIn(const chain::SlotState& slot, std::uint32_t epoch);

/// The members that may ask in the epoch: `states` by id, `hot_key` being the epoch's. A member
/// that is not in it, or is not active, is left out.
std::vector<ServedSlot> ServedIn(const EpochView& view,
                                 const std::map<std::uint32_t, chain::SlotState>& states);

/// How long an epoch's slots are served beyond its end, and how old the newest block may be before
/// the chain counts as out of sight: a minute, at most a quarter of an epoch.
std::uint64_t AllowanceSeconds(const chain::Schedule& schedule);

/// Who is served at a time, of the epochs that were read.
///
/// The epoch of the newest block is; the one before it while clocks may differ, since its
/// challenges expire with it. When the chain is out of sight, the last known epoch's slots may ask
/// about the next one as well: better those than nobody. They may until that ends.
///
/// Units:  Unix seconds; `chain_s` is the timestamp of the newest block that was seen, `wall_s` the
///         time of this machine.
std::vector<ServedSlot> ServedAt(const std::map<std::uint32_t, std::vector<ServedSlot>>& epochs,
                                 const chain::Schedule& schedule, std::uint64_t chain_s,
                                 std::uint64_t wall_s);

}  // namespace kaisar::provider
