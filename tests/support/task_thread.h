#pragma once

#include <chrono>
#include <map>
#include <thread>

#include "absl/functional/any_invocable.h"
#include "base/mutex.h"

namespace kaisar::testing {

/// Runs tasks one after the other on a thread of its own, each at its time or later.
///
/// Threads:  all methods from any thread.
/// Liveness: the thread ends in Stop or the destructor, after the task that runs; the tasks that
///           wait are dropped.
class TaskThread {
 public:
  TaskThread() : thread_([this] { Loop(); }) {}
  ~TaskThread() { Stop(); }

  void Run(absl::AnyInvocable<void()> task) { RunAfter(0, std::move(task)); }
  void RunAfter(std::uint64_t delay_ms, absl::AnyInvocable<void()> task);
  void Stop();

 private:
  using Time = std::chrono::steady_clock::time_point;
  void Loop();

  Mutex mutex_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::multimap<Time, absl::AnyInvocable<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace kaisar::testing
