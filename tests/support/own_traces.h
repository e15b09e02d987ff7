#pragma once

#include <cstdint>
#include <set>

namespace kaisar::testing {

/// How many processes this one has started that have not been reaped.
int CountChildren();
/// Waits until there is none, at most five seconds.
///
/// Result: whether there is none.
bool AwaitNoChildren();
/// The TCP ports (IPv4) that this process listens on.
std::set<std::uint16_t> ListeningPorts();

}  // namespace kaisar::testing
