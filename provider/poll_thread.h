#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/mutex.h"

namespace kaisar::provider {

/// Calls a function at once and then again and again, with a rest in between, on a thread of its
/// own.
///
/// Liveness: the thread ends in the destructor, which waits for a call that is under way.
class PollThread {
 public:
  /// `name` is the thread's, at most 15 characters.
  PollThread(const std::string& name, std::uint32_t rest_ms, std::function<void()> poll);
  ~PollThread();
  PollThread(const PollThread&) = delete;
  PollThread& operator=(const PollThread&) = delete;

 private:
  void Run();

  const std::uint32_t rest_ms_;
  const std::function<void()> poll_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kaisar::provider
