#include "checker/current_roster.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "checker/chain_access.h"
#include "checker/chain_registry.h"

namespace kaisar::checker {
namespace {

CurrentRoster ReadFromFile(const RosterSource& source, const Clock& clock) {
  const EpochGrid& grid = source.file->grid;
  const std::uint64_t now_ms = clock.WallMs();
  CurrentRoster current;
  current.slot = *source.config.slot;
  current.epoch_ms = grid.epoch_ms;
  current.roster = source.file->roster;
  if (now_ms > grid.genesis_ms) {
    current.epoch = static_cast<std::uint32_t>((now_ms - grid.genesis_ms) / grid.epoch_ms);
  }
  return current;
}

absl::StatusOr<CurrentRoster> ReadFromChain(const RosterSource& source, const Clock& clock,
                                            const std::function<void(const std::string&)>& notice) {
  const ChainConfig& config = *source.config.chain;
  ASSIGN_OR_RETURN(const auto access, OpenChain(config, clock));
  std::optional<std::uint32_t> slot = source.config.slot;
  if (!slot) {
    ASSIGN_OR_RETURN(slot, access->contracts().SlotOf(source.keys.hot.address()));
  }
  if (!slot)
    return absl::NotFoundError("no slot has the hot key; register one: kaisar-checker stake");
  ChainRegistry registry({*slot, config.confirmations},
                         {access->contracts(), source.keys, source.policy, clock, notice});
  const EpochGrid grid = registry.grid();
  const std::uint64_t now_ms = clock.WallMs();
  if (now_ms < grid.genesis_ms) {
    return absl::FailedPreconditionError("the network's first epoch has not begun");
  }
  CurrentRoster current;
  current.slot = *slot;
  current.epoch = static_cast<std::uint32_t>((now_ms - grid.genesis_ms) / grid.epoch_ms);
  current.epoch_ms = grid.epoch_ms;
  ASSIGN_OR_RETURN(std::optional<EpochStart> start, registry.Begin(current.epoch));
  if (!start) {
    return absl::FailedPreconditionError(
        absl::StrCat("the chain does not tell the devices of epoch ", current.epoch,
                     ": it is not opened yet, or not ", config.confirmations,
                     " blocks ago, or no endpoint answers"));
  }
  current.roster = std::move(start->roster);
  return current;
}

}  // namespace

absl::StatusOr<CurrentRoster> ReadCurrentRoster(
    const RosterSource& source, const Clock& clock,
    const std::function<void(const std::string&)>& notice) {
  if (source.file) return ReadFromFile(source, clock);
  return ReadFromChain(source, clock, notice);
}

}  // namespace kaisar::checker
