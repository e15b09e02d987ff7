#pragma once

#include <cstdint>
#include <string>

#include "challenges/plan.h"
#include "kaisar/v1/log.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// One challenge whose verdict is durable. Valid during the call alone.
struct Outcome {
  const challenges::PlannedChallenge& planned;
  const v1::Device& device;
  const v1::ChallengeClosed& closed;         // without the opening
  const v1::CommitmentReceived* commitment;  // null unless one was recorded
  const std::string& explanation;
  std::uint64_t check_ns = 0;  // how long it took to judge
};

}  // namespace kaisar::checker
