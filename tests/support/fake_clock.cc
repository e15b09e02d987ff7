#include "tests/support/fake_clock.h"

#include <utility>

namespace kaisar::testing {

std::uint64_t FakeClock::WallMs() const {
  MutexLock lock(mutex_);
  return wall_ms_;
}

std::uint64_t FakeClock::MonotonicNs() const {
  MutexLock lock(mutex_);
  return monotonic_ms_ * 1'000'000;
}

void FakeClock::After(std::uint64_t ms, std::function<void()> then) {
  MutexLock lock(mutex_);
  timers_.emplace(monotonic_ms_ + ms, std::move(then));
}

void FakeClock::Advance(std::uint64_t ms) {
  std::uint64_t end_ms = 0;
  {
    MutexLock lock(mutex_);
    end_ms = monotonic_ms_ + ms;
  }
  while (true) {
    std::function<void()> then;
    {
      MutexLock lock(mutex_);
      const auto next = timers_.begin();
      const bool none = next == timers_.end() || next->first > end_ms;
      const std::uint64_t to_ms = none ? end_ms : next->first;
      if (to_ms > monotonic_ms_) {
        wall_ms_ += to_ms - monotonic_ms_;
        monotonic_ms_ = to_ms;
      }
      if (none) return;
      then = std::move(next->second);
      timers_.erase(next);
    }
    then();
  }
}

void FakeClock::StepWall(std::int64_t ms) {
  MutexLock lock(mutex_);
  wall_ms_ += static_cast<std::uint64_t>(ms);
}

std::optional<std::uint64_t> FakeClock::NextTimerMs() const {
  MutexLock lock(mutex_);
  if (timers_.empty()) return std::nullopt;
  const std::uint64_t at_ms = timers_.begin()->first;
  return at_ms > monotonic_ms_ ? at_ms - monotonic_ms_ : 0;
}

}  // namespace kaisar::testing
