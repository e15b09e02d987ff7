#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "base/uint256.h"
#include "checker/owner_session.h"
#include "checker/slot_keys.h"

namespace kaisar::checker {

/// Stakes a slot: allows the Slots contract to take licence and stake, and registers hot key, TLS
/// pin and hash chain for the next epoch that can be had. Prints slot, first epoch and the line for
/// the config.
///
/// Errors: AlreadyExists when a slot has the hot key; FailedPrecondition when the licence is
///         somebody else's, or the hash chain does not reach the first epoch; ResourceExhausted
///         when the owner has too little KAI; Cancelled when the person said no; those of
///         SendAndWait.
absl::Status Stake(const OwnerSession& session, const Uint256& license, const SlotKeys& keys);

/// The next step out: asks for exit, or claims licence and stake once they are free; tells what
/// comes next and when.
///
/// Errors: PermissionDenied when the key is not the owner's; FailedPrecondition when the slot was
///         claimed; Cancelled; those of SendAndWait.
absl::Status Unstake(const OwnerSession& session, std::uint32_t slot);

/// Tells the chain the hot key, the TLS pin and the hash chain of the key files, where it has
/// others, and from when on each counts. The owner may all of it, the hot key the TLS pin alone.
///
/// Errors: PermissionDenied when the key may not; FailedPrecondition when the slot is out, or the
///         hash chain does not reach the first epoch; AlreadyExists when another slot has the hot
///         key; Cancelled; those of SendAndWait.
absl::Status AnnounceKeys(const OwnerSession& session, std::uint32_t slot, const SlotKeys& keys);

/// Mints what the slot has earned to its owner, by whoever pays the gas. `by_hot_key`: the
/// session's key is a hot key, and sends on its own KAI, too, what it got for marking others'
/// offences: `to` whom is said; null: to the owner of the slot whose hot key it is. One that is the
/// slot's no more tells what it has.
///
/// Errors: Cancelled; those of SendAndWait.
absl::Status WithdrawSlot(const OwnerSession& session, std::uint32_t slot, bool by_hot_key,
                          const std::optional<Address>& to);

}  // namespace kaisar::checker
