#pragma once

#include <cstdint>
#include <vector>

#include "audit/comparison_distances.h"
#include "audit/comparison_logs.h"
#include "audit/comparison_sharing.h"
#include "audit/finding.h"

namespace kaisar::audit {

/// What several checkers' logs of one epoch say together. They are as CheckSameEpoch accepts them.
struct Comparison {
  std::vector<CheckerLog> logs;  // ascending slots
  Geography geography;
  DistanceComparison distances;
  SharingComparison sharing;
  std::vector<Finding> findings;  // of verdicts, distances and sharing, in this order
};

/// Compares logs: a pure function of them. It believes the recorded verdicts and times; Verify does
/// not.
///
/// Units: `band` in steps of half a percent of the score.
Comparison CompareLogs(std::vector<CheckerLog> logs, const Geography& geography,
                       std::uint32_t band);

}  // namespace kaisar::audit
