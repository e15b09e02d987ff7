#pragma once

#include <cstdint>

#include "challenges/bandwidth/iperf_process.h"

namespace kaisar::challenges {

/// How long the process may still take, in ms; at least 1.
class TimeLeft {
 public:
  TimeLeft(std::uint64_t limit_ms);
  std::uint64_t ms() const;
  /// The shorter of both.
  std::uint64_t AtMost(std::uint64_t ms) const;

 private:
  std::uint64_t end_ns_;
};

/// Plays one role of a task to its last line.
[[noreturn]] void RunServer(const IperfTask& task, const TimeLeft& left);
[[noreturn]] void RunClient(const IperfTask& task, const TimeLeft& left);

}  // namespace kaisar::challenges
