#pragma once

#include <vector>

#include "challenges/judge.h"
#include "tests/support/epoch_fixture.h"

namespace kaisar::testing {

/// Judges a closed challenge of the epoch anew, from what these records have of its id.
challenges::Judgement JudgeAnew(const EpochFixture& epoch,
                                const std::vector<const v1::Record*>& records,
                                const v1::ChallengeClosed& closed);

/// The fixture's epoch with some calls ended otherwise, so that every way a call can end and every
/// reason of a verdict occur that Judge gives; an honest log. Its records stand in the order of
/// their times, its report follows it.
EpochFixture MakeEpochOfEveryVerdict();

}  // namespace kaisar::testing
