#include "monitor/clock_watch.h"

#include <cstdlib>

namespace kaisar::monitor {
namespace {

constexpr std::int64_t kStepMs = 1'000;
constexpr std::uint64_t kMsNs = 1'000'000;

std::int64_t OffsetMs(const Clock& clock) {
  return static_cast<std::int64_t>(clock.WallMs()) -
         static_cast<std::int64_t>(clock.MonotonicNs() / kMsNs);
}

}  // namespace

ClockWatch::ClockWatch(const Clock& clock) : clock_(clock), offset_ms_(OffsetMs(clock)) {}

std::int64_t ClockWatch::Look() {
  const std::int64_t offset_ms = OffsetMs(clock_);
  const std::int64_t step_ms = offset_ms - offset_ms_;
  offset_ms_ = offset_ms;
  return std::abs(step_ms) < kStepMs ? 0 : step_ms;
}

}  // namespace kaisar::monitor
