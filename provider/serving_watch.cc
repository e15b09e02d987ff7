#include "provider/serving_watch.h"

#include "provider/event_log.h"

namespace kaisar::provider {

ServingWatch::ServingWatch(const Admission& admission, DeviceDescriptions& descriptions,
                           bool on_chain, const Clock& clock)
    : admission_(admission), descriptions_(descriptions), clock_(clock), clock_watch_(clock) {
  facts_.on_chain = on_chain;
}

void ServingWatch::ChainRead(const absl::Status& status, std::uint64_t block_s,
                             const std::vector<OwnDevice>& devices) {
  MutexLock lock(mutex_);
  facts_.chain_devices = devices;
  facts_.chain_trouble = std::string(status.message());
  if (!status.ok()) return;
  facts_.chain_read_ns = clock_.MonotonicNs();
  facts_.block_age_s = static_cast<std::int64_t>(clock_.WallMs() / 1000 - block_s);
}

void ServingWatch::LookAtClock() {
  std::int64_t step_ms = 0;
  {
    MutexLock lock(mutex_);
    step_ms = clock_watch_.Look();
    if (step_ms == 0) return;
    ++facts_.clock_steps;
    facts_.clock_stepped_ns = clock_.MonotonicNs();
    facts_.clock_step_seconds = static_cast<double>(step_ms) / 1e3;
  }
  LogEvent(EventLevel::kWarning, "clock_stepped", {{"by_ms", step_ms}});
}

ServingFacts ServingWatch::Facts() {
  LookAtClock();
  descriptions_.Ask([](const v1::DescribeResponse&) {});  // for the next call
  v1::DescribeResponse devices = descriptions_.Known();
  MutexLock lock(mutex_);
  ServingFacts facts = facts_;
  facts.now_ns = clock_.MonotonicNs();
  facts.devices = std::move(devices);
  facts.slots_served = admission_.served_slots();
  return facts;
}

}  // namespace kaisar::provider
