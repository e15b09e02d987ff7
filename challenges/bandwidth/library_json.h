#pragma once

#include <string>

namespace kaisar::challenges {

/// libiperf's JSON of one test, made fit for a line.
struct LibraryJson {
  std::string line;       // without this machine's name; the other side's texts are cut short
  std::string error;      // its `error`; empty when there is none
  bool has_sums = false;  // end.sum_sent and end.sum_received, each with bytes and seconds
};

/// Reads what libiperf wrote, some of which came from the other side.
///
/// Result: an `error` when it is no JSON; without what is nested more deeply than libiperf nests.
LibraryJson ReadLibraryJson(const std::string& text);

}  // namespace kaisar::challenges
