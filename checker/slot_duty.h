#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "chain/contracts.h"
#include "checker/slot_keys.h"

namespace kaisar::checker {

/// So many epochs without an accepted report are bridged by the contract when it follows a slot's
/// hash chain to its anchor (contracts/src/Slots.sol).
constexpr std::uint32_t kMostBridgedEpochs = 64;

/// Checks that a slot, as the chain knows it, can do its part of an epoch with these key files.
/// `hot_key` is its key in that epoch.
///
/// Errors: FailedPrecondition with what is wrong, both values, and what to do.
absl::Status CheckDuty(std::uint32_t epoch, std::uint32_t id, const chain::SlotState& slot,
                       const Address& hot_key, const SlotKeys& keys);

}  // namespace kaisar::checker
