#pragma once

#include <cstdint>

namespace kaisar {

/// The two clocks: wall time for log and chain, monotonic time for measuring.
///
/// Threads: all methods from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds of Unix time.
  virtual std::uint64_t WallMs() const = 0;
  /// Nanoseconds since an arbitrary point; never goes back.
  virtual std::uint64_t MonotonicNs() const = 0;
};

/// The machine's clocks. Only base/clock.cc reads real time.
const Clock& RealClock();

}  // namespace kaisar
