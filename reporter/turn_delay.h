#pragma once

#include <cstdint>

#include "chain/deployment.h"

namespace kaisar::reporter {

/// How long a slot lets others do what any slot may do: `slots` of them take turns, `turn` mod
/// `slots` is this one's, two blocks apart, but all within an eighth of an epoch. So few pay in
/// vain, and one that is down delays little.
///
/// Units: `block_ms` between blocks; result in seconds.
std::uint64_t TurnDelay(const chain::Schedule& schedule, std::uint64_t turn, std::uint32_t slots,
                        std::uint64_t block_ms);

}  // namespace kaisar::reporter
