#include "checker/monitor/run_watch.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace kaisar::checker {
namespace {

constexpr std::int64_t kClockStepMs = 1'000;  // more than a clock that is slewed gains in minutes
constexpr std::uint64_t kMsNs = 1'000'000;

std::int64_t ClockOffsetMs(const Clock& clock) {
  return static_cast<std::int64_t>(clock.WallMs()) -
         static_cast<std::int64_t>(clock.MonotonicNs() / kMsNs);
}

}  // namespace

RunWatch::RunWatch(std::string data_dir, bool on_chain, const Clock& clock)
    : data_dir_(std::move(data_dir)), clock_(clock), clock_offset_ms_(ClockOffsetMs(clock)) {
  facts_.on_chain = on_chain;
  facts_.dispatch_alive_ns = clock.MonotonicNs();
}

void RunWatch::DispatchAlive() {
  MutexLock lock(mutex_);
  facts_.dispatch_alive_ns = clock_.MonotonicNs();
  LookAtClock();
}

void RunWatch::DispatchEnded() {
  MutexLock lock(mutex_);
  facts_.dispatch_alive_ns.reset();
}

void RunWatch::ChainAlive() {
  MutexLock lock(mutex_);
  facts_.chain_alive_ns = clock_.MonotonicNs();
}

void RunWatch::ChainRead(const absl::StatusOr<SlotStatus>& status, std::uint64_t every_ms) {
  MutexLock lock(mutex_);
  facts_.chain_read_every_ns = every_ms * kMsNs;
  facts_.chain_trouble = std::string(status.status().message());
  if (!status.ok()) return;
  facts_.slot = *status;
  facts_.chain_read_ns = clock_.MonotonicNs();
}

void RunWatch::Refused(const std::string& why) {
  MutexLock lock(mutex_);
  facts_.refused = why;
}

RunFacts RunWatch::Facts() {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(data_dir_, error);
  MutexLock lock(mutex_);
  LookAtClock();
  facts_.now_ns = clock_.MonotonicNs();
  facts_.free_bytes = error ? 0 : space.available;
  facts_.size_bytes = error ? 0 : space.capacity;
  return facts_;
}

void RunWatch::LookAtClock() {
  const std::int64_t offset_ms = ClockOffsetMs(clock_);
  const std::int64_t step_ms = offset_ms - clock_offset_ms_;
  clock_offset_ms_ = offset_ms;
  if (std::abs(step_ms) < kClockStepMs) return;
  ++facts_.clock_steps;
  facts_.clock_stepped_ns = clock_.MonotonicNs();
  facts_.clock_step_seconds = static_cast<double>(step_ms) / 1e3;
}

}  // namespace kaisar::checker
