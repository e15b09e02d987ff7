#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace kaisar::testing {

/// Simulated time: stands still until a test advances it, and runs what was asked for on the way.
///
/// Threads: all methods from any thread; timers run in the thread that advances.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::uint64_t wall_ms) : wall_ms_(wall_ms) {}

  std::uint64_t WallMs() const override;
  std::uint64_t MonotonicNs() const override;

  /// Runs `then` when so much time has passed.
  void After(std::uint64_t ms, std::function<void()> then);
  /// Both clocks go on; timers run in order, each at its time.
  void Advance(std::uint64_t ms);
  /// Only the wall clock moves.
  void StepWall(std::int64_t ms);
  /// How far the next timer is away.
  std::optional<std::uint64_t> NextTimerMs() const;

 private:
  mutable Mutex mutex_;
  std::uint64_t wall_ms_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t monotonic_ms_ ABSL_GUARDED_BY(mutex_) = 1'000'000;
  std::multimap<std::uint64_t, std::function<void()>> timers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::testing
