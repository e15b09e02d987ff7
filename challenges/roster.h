#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "base/eip712.h"
#include "challenges/policy.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::challenges {

/// Checks everything a roster promises, so that later code needs no checks: sizes of all byte
/// fields, ids ascending and unique, known phases and classes, claims above 0, `slot` among the
/// slots. Says nothing of keys used twice (one owner may have many devices).
///
/// Errors: InvalidArgument with the device or slot, the field, its value and what was expected.
absl::Status ValidateRoster(const v1::Roster& roster, const Policy& policy, std::uint32_t slot);

/// What ValidateRoster checks of one device.
///
/// Errors: as ValidateRoster.
absl::Status ValidateDevice(const v1::Device& device, const Policy& policy);

/// Null when the id is not in the roster. Cost: binary search.
const v1::Device* FindDevice(const v1::Roster& roster, std::uint32_t id);
const v1::Slot* FindSlot(const v1::Roster& roster, std::uint32_t id);

/// The domain of all signatures on this roster.
SigningDomain DomainOf(const v1::Roster& roster);

/// Copies a byte field that ValidateRoster has checked.
Address ToAddress(const std::string& bytes);
Digest ToDigest(const std::string& bytes);

}  // namespace kaisar::challenges
