#pragma once

#include <cstdint>

#include "base/clock.h"

namespace kaisar::monitor {

/// Notices that the wall clock was set, by how it runs against the monotonic one.
///
/// Threads: one at a time.
class ClockWatch {
 public:
  /// The clock must outlive it.
  explicit ClockWatch(const Clock& clock);

  /// By how much the wall clock was set since the last look; 0: by less than a second, which is
  /// more than a clock that is slewed gains in minutes.
  ///
  /// Units: ms; negative: back.
  std::int64_t Look();

 private:
  const Clock& clock_;
  std::int64_t offset_ms_;  // wall less monotonic, last seen
};

}  // namespace kaisar::monitor
