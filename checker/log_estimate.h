#pragma once

#include <cstdint>

#include "challenges/policy.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// What an epoch's log takes of the disk when every device answers all that it is asked: nearly all
/// of it are the opened rows of matmul challenges.
///
/// Result: bytes, an upper bound; 0 for an empty roster.
/// Source: docs/protocol.md, Matmul; docs/log-format.md.
std::uint64_t MostLogBytes(const challenges::Policy& policy, const v1::Roster& roster);

}  // namespace kaisar::checker
