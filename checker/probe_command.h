#pragma once

#include "checker/probe_target.h"

namespace kaisar::checker {

/// Runs one bandwidth challenge by hand and prints what both ends counted. It is outside of any
/// plan: the data directory is neither read nor locked, nothing is logged, signed for a report or
/// scored.
///
/// Result: the exit status: 0 passed; 1 failed; 2 inconclusive, or not asked at all, with one line
///         on standard error.
int ProbeBandwidthCommand(const ProbeOptions& options);

}  // namespace kaisar::checker
