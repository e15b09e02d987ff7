#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace kaisar::chain {

constexpr std::uint32_t kCommitteeSize = 7;
/// As Settled tells "no quorum".
constexpr std::uint8_t kNoMedian = 255;

/// The slots that check a device in an epoch, in committee order; the first one runs the muster:
/// id = keccak256(beacon || BE32(device) || BE32(c)) mod `slots`, c = 0, 1, …, the first
/// min(7, slots) distinct ones. Empty when `slots` is 0.
///
/// Source: docs/settlement.md, Committees.
std::vector<std::uint32_t> Committee(const Digest& beacon, std::uint32_t device,
                                     std::uint32_t slots);

}  // namespace kaisar::chain
