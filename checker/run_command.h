#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace kaisar::checker {

/// When the live display is drawn.
enum class ProgressMode {
  kAuto,  // when standard error is a terminal
  kAlways,
  kNever,
};

/// What `kaisar-checker run` is told on its command line.
struct RunOptions {
  std::string config;        // path of checker.yaml
  std::uint32_t epochs = 0;  // ends after so many reports; 0: runs on
  ProgressMode progress = ProgressMode::kAuto;
  bool quiet = false;  // neither display nor event lines, warnings aside
  bool json = false;   // the summary as JSON instead of a table
};

/// Runs a checker until its epochs are done or SIGTERM or SIGINT stops it. Display and event lines
/// go to standard error, the summary of each epoch to standard output.
///
/// Result: the exit status: 0 done or stopped; 1 something failed; 2 config, roster, policy or keys
/// are
///         wrong, and nothing was started. 1 and 2 with one line on standard error.
/// Threads: the main thread, before any other is started: it blocks signals for all of them.
int RunCommand(const RunOptions& options);

/// Makes the empty signature store of a slot that has never signed, and the data directory if there
/// is none.
///
/// Errors: as ReadConfig; AlreadyExists when there is a store.
absl::Status InitializeSignatures(const std::string& config_path);

}  // namespace kaisar::checker
