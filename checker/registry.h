#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "checker/roster_file.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// What is fixed when an epoch begins.
struct EpochStart {
  Digest beacon{};
  std::uint64_t beacon_ms = 0;  // Unix time; due times count from here
  v1::Roster roster;            // the devices that this slot must check
};

/// Where epochs, beacons and rosters come from: a YAML file, or the chain.
///
/// Threads: all methods from the thread that runs epochs.
class Registry {
 public:
  virtual ~Registry() = default;
  virtual EpochGrid grid() const = 0;
  /// What epoch `epoch` begins with; null while it cannot be known yet (the registry does what it
  /// can to bring it about). Never the same beacon for two tries of an epoch whose secret was used:
  /// the chain's is fixed, the file's is drawn after the secret was.
  ///
  /// Errors: FailedPrecondition when this slot has no part in the epoch (not active, ejected, key
  ///         rotated away), with what to do. What only time can mend (no endpoint reachable) is no
  ///         error: null, and a notice.
  virtual absl::StatusOr<std::optional<EpochStart>> Begin(std::uint32_t epoch) = 0;
  /// Looks again at the beacon of an epoch that was run with `beacon`, and gives notice when it is
  /// another one by now. The epoch is reported all the same: a commitment does not name the beacon,
  /// and the slot is penalized for a missing one, not for scores that nobody asked for.
  virtual void Recheck(std::uint32_t epoch, const Digest& beacon) = 0;
};

}  // namespace kaisar::checker
