#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "challenges/policy.h"
#include "checker/config.h"
#include "checker/roster_file.h"
#include "checker/slot_keys.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// Whom a slot checks in the epoch that is now.
struct CurrentRoster {
  std::uint32_t slot = 0;
  std::uint32_t epoch = 0;
  std::uint64_t epoch_ms = 0;  // how long it is
  v1::Roster roster;           // on a chain, those in whose committee the slot is
};

/// What says whom.
struct RosterSource {
  const Config& config;
  const challenges::Policy& policy;
  const std::optional<RosterFile>& file;  // null with a chain
  const SlotKeys& keys;
};

/// Reads it from the roster file, or from the chain. `notice` is told what a run would tell.
///
/// Errors: FailedPrecondition when the slot has no part in the epoch or it is not opened; NotFound
///         when no slot has the hot key; those of the chain.
absl::StatusOr<CurrentRoster> ReadCurrentRoster(
    const RosterSource& source, const Clock& clock,
    const std::function<void(const std::string&)>& notice);

}  // namespace kaisar::checker
