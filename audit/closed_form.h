#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "challenges/policy.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// What besides the closing record itself says what it may hold.
struct ClosedContext {
  bool committed = false;        // the challenge has a commitment record
  std::uint32_t most_heard = 0;  // other devices that could have been heard
  std::uint32_t pings = 0;       // of a latency challenge
};

/// Says what in a closing record no checker writes: what its kind does not have, or what the way
/// the call ended leaves no room for. The verdict aside; times aside.
///
/// Result: one phrase for each, which names the field, what it is and what goes before.
/// Source: docs/log-format.md, What a closing record holds.
std::vector<std::string> ClosedFaults(const v1::ChallengeClosed& closed,
                                      const ClosedContext& context);

}  // namespace kaisar::audit
