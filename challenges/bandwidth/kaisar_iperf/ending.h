#pragma once

#include <cstdint>
#include <string>

#include "challenges/bandwidth/iperf_process.h"

namespace kaisar::challenges {

/// How kaisar-iperf ends: with a last line and exit status 0, whatever libiperf does: return, call
/// exit(), crash on what the other side sent, or wait for ever.
///
/// Threads: the process has one.

/// What the last line says beside the state; both JSON, or empty.
struct IperfCounts {
  std::string link;
  std::string iperf;
};

/// From now on exit(), a crash and the deadline end in a last line: `unable` until told otherwise.
void StartEnding();

/// The last line in case the deadline passes, or libiperf ends the process, from here on.
void PrepareLate(IperfOutcome::State state, const std::string& detail);
void PrepareCrash(IperfOutcome::State state, const std::string& detail);

/// Ends the process in so many milliseconds; takes the place of an earlier deadline.
void SetDeadline(std::uint64_t in_ms);

/// Writes a line to kProcessOutput; ends the process when nobody reads it.
void WriteLine(const std::string& line);

/// Writes the last line and ends the process.
[[noreturn]] void EndWith(IperfOutcome::State state, const std::string& detail,
                          const IperfCounts& counts = {});

}  // namespace kaisar::challenges
