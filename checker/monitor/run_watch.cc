#include "checker/monitor/run_watch.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMsNs = 1'000'000;

}  // namespace

RunWatch::RunWatch(std::string data_dir, bool on_chain, const Clock& clock,
                   std::function<void(double seconds)> clock_stepped)
    : data_dir_(std::move(data_dir)),
      clock_(clock),
      clock_stepped_(std::move(clock_stepped)),
      clock_watch_(clock) {
  facts_.on_chain = on_chain;
  facts_.dispatch_alive_ns = clock.MonotonicNs();
}

void RunWatch::DispatchAlive() {
  LookAtClock();
  MutexLock lock(mutex_);
  facts_.dispatch_alive_ns = clock_.MonotonicNs();
}

void RunWatch::DispatchEnded() {
  MutexLock lock(mutex_);
  facts_.dispatch_alive_ns.reset();
}

void RunWatch::DispatchFailed(const std::string& why) {
  MutexLock lock(mutex_);
  facts_.dispatch_failed_ns = clock_.MonotonicNs();
  facts_.dispatch_trouble = why;
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

void RunWatch::LogUnusable(const std::string& log_path, const std::string& why) {
  MutexLock lock(mutex_);
  facts_.unusable_logs.erase(log_path);
  if (!why.empty()) facts_.unusable_logs[log_path] = why;
}

RunFacts RunWatch::Facts() {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(data_dir_, error);
  LookAtClock();
  MutexLock lock(mutex_);
  // Who moved a log away has seen to it.
  std::erase_if(facts_.unusable_logs, [](const auto& log) {
    std::error_code ignored;
    return !std::filesystem::exists(log.first, ignored);
  });
  facts_.now_ns = clock_.MonotonicNs();
  facts_.free_bytes = error ? 0 : space.available;
  facts_.size_bytes = error ? 0 : space.capacity;
  return facts_;
}

void RunWatch::LookAtClock() {
  double seconds = 0;
  {
    MutexLock lock(mutex_);
    const std::int64_t step_ms = clock_watch_.Look();
    if (step_ms == 0) return;
    seconds = static_cast<double>(step_ms) / 1e3;
    ++facts_.clock_steps;
    facts_.clock_stepped_ns = clock_.MonotonicNs();
    facts_.clock_step_seconds = seconds;
  }
  clock_stepped_(seconds);
}

}  // namespace kaisar::checker
