#pragma once

#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "monitor/clock_watch.h"
#include "provider/admission.h"
#include "provider/device_descriptions.h"
#include "provider/own_device.h"
#include "provider/readiness.h"

namespace kaisar::provider {

/// Keeps what a provider knows of itself, and logs that the clock was set.
///
/// Threads: all methods from any thread; none waits for a driver or the chain.
class ServingWatch {
 public:
  /// All must outlive it. `on_chain`: the chain says whose challenges are taken.
  ServingWatch(const Admission& admission, DeviceDescriptions& descriptions, bool on_chain,
               const Clock& clock);

  /// The chain was read, or could not be; `block_s` is the timestamp of its newest block, `devices`
  /// are as it was last seen to have them.
  void ChainRead(const absl::Status& status, std::uint64_t block_s,
                 const std::vector<OwnDevice>& devices);
  /// Now and then, so that a step of the clock is told when it happens.
  void LookAtClock();
  /// As of now; what a driver says of its GPU is as old as the call before.
  ServingFacts Facts();

 private:
  const Admission& admission_;
  DeviceDescriptions& descriptions_;
  const Clock& clock_;
  Mutex mutex_;
  ServingFacts facts_ ABSL_GUARDED_BY(mutex_);
  monitor::ClockWatch clock_watch_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::provider
