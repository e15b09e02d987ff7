#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "checker/monitor/readiness.h"
#include "monitor/clock_watch.h"

namespace kaisar::checker {

/// Keeps what a run knows of itself.
///
/// Threads: all methods from any thread.
class RunWatch {
 public:
  /// `data_dir` is where the logs are. The clock must outlive it. `clock_stepped` is told by how
  /// many seconds the wall clock was set, on the thread that noticed it.
  RunWatch(
      std::string data_dir, bool on_chain, const Clock& clock,
      std::function<void(double seconds)> clock_stepped = [](double) {});

  /// The thread "dispatch" goes on, or has nothing more to do.
  void DispatchAlive();
  void DispatchEnded();
  /// It ended with an error, and will be tried again.
  void DispatchFailed(const std::string& why);
  /// The thread "chain" goes on.
  void ChainAlive();
  /// The slot's status was read, or could not be; it will be again after `every_ms`.
  void ChainRead(const absl::StatusOr<SlotStatus>& status, std::uint64_t every_ms);
  /// There is no room for the log of an epoch; or there is: `why` is empty.
  void Refused(const std::string& why);
  /// An epoch is not reported, because its log cannot be used; or it is: `why` is empty.
  void LogUnusable(const std::string& log_path, const std::string& why);

  /// As of now: looks at clock and file system, too.
  RunFacts Facts();

 private:
  void LookAtClock();

  const std::string data_dir_;
  const Clock& clock_;
  const std::function<void(double seconds)> clock_stepped_;
  Mutex mutex_;
  RunFacts facts_ ABSL_GUARDED_BY(mutex_);
  monitor::ClockWatch clock_watch_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::checker
