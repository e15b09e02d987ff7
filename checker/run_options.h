#pragma once

#include <cstdint>
#include <string>

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

}  // namespace kaisar::checker
