#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace kaisar::checker {

/// A request to stop that may come before what has to stop is there.
///
/// Threads: all methods from any thread.
class StopRequest {
 public:
  void Make() {
    requested_.store(true);
    MutexLock lock(mutex_);
    for (const auto& stop : listeners_) stop();
    made_.SignalAll();
  }

  /// Waits so long, or until a request is made.
  void WaitFor(std::uint64_t ms) {
    MutexLock lock(mutex_);
    if (!requested_.load()) made_.WaitFor(mutex_, std::chrono::milliseconds(ms));
  }

  bool made() const { return requested_.load(); }

  /// Calls `stop`, which must not block, once a request is made: at once when it was made before.
  void Listen(std::function<void()> stop) {
    MutexLock lock(mutex_);
    if (requested_.load()) stop();
    listeners_.push_back(std::move(stop));
  }

  /// What listened may go.
  void Forget() {
    MutexLock lock(mutex_);
    listeners_.clear();
  }

 private:
  std::atomic<bool> requested_ = false;
  Mutex mutex_;
  CondVar made_;
  std::vector<std::function<void()>> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::checker
