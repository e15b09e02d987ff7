#pragma once

#include <cstdint>

namespace kaisar::checker {

/// Notices when a thread that should run every so often did not: the process was stopped, starved,
/// or blocked by its own disk. It missed its deadlines itself then, and what was open says nothing
/// of a device.
///
/// Threads: the one that it watches.
class HoldUp {
 public:
  /// Longer than `most_ns` between two calls of Ran is a hold-up.
  explicit HoldUp(std::uint64_t most_ns) : most_ns_(most_ns) {}

  /// Notes that the thread runs, at this (monotonic) time.
  void Ran(std::uint64_t now_ns) {
    if (ran_ns_ != 0 && now_ns - ran_ns_ > most_ns_) {
      from_ns_ = ran_ns_;
      until_ns_ = now_ns;
    }
    ran_ns_ = now_ns;
  }

  /// Whether the latest hold-up lies, in part, between two times.
  bool During(std::uint64_t from_ns, std::uint64_t to_ns) const {
    return from_ns < until_ns_ && to_ns > from_ns_;
  }

 private:
  const std::uint64_t most_ns_;
  std::uint64_t ran_ns_ = 0;
  std::uint64_t from_ns_ = 0;
  std::uint64_t until_ns_ = 0;
};

}  // namespace kaisar::checker
