#pragma once

#include <vector>

#include "kaisar/v1/log.pb.h"

namespace kaisar::testing {

class EpochFixture;

/// Plays the epoch whose first record the fixture has: what was issued, answered and closed, in the
/// order in which it would have been recorded, judged by challenges::Judge.
std::vector<v1::Record> PlayEpoch(EpochFixture& fixture);

}  // namespace kaisar::testing
