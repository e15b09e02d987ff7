#pragma once

#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "base/mutex.h"

namespace kaisar::checker {

/// Threads that check proofs, so that the thread "dispatch" never does.
///
/// Threads:  Submit from any thread.
/// Liveness: the threads "check" end in the destructor, after all submitted jobs; depends on the
/// jobs. Cost:     holds one job per open challenge at most.
class CheckPool {
 public:
  using Job = absl::AnyInvocable<void()>;

  /// With 0 threads a job runs within Submit: one thread for everything, for tests.
  explicit CheckPool(unsigned threads);
  ~CheckPool();

  void Submit(Job job);
  /// Jobs that wait for a thread.
  std::size_t queued();

 private:
  void Work();

  Mutex mutex_;
  CondVar changed_;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace kaisar::checker
