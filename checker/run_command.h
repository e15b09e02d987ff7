#pragma once

#include "audit/epoch_report.h"
#include "checker/epoch_log.h"
#include "checker/run_options.h"

namespace kaisar::checker {

/// Runs a checker until its epochs are done or SIGTERM or SIGINT stops it; with a chain, epochs are
/// done when they are settled or missed. Display and event lines go to standard error, the summary
/// of each epoch to standard output. `make_report` is for tests that lie.
///
/// Result: the exit status: 0 done or stopped; 1 something failed; 2 config, roster, policy or keys
///         are wrong, and nothing was started. 1 and 2 with one line on standard error.
/// Threads: the main thread, before any other is started: it blocks signals for all of them.
int RunCommand(const RunOptions& options, const MakeReport& make_report = audit::MakeReport);

}  // namespace kaisar::checker
