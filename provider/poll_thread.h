#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "base/mutex.h"

namespace kaisar::provider {

/// Calls a function at once and then again and again, on a thread of its own; the function says for
/// how many milliseconds to rest in between.
///
/// Liveness: the thread ends in the destructor, which waits for a call that is under way.
class PollThread {
 public:
  /// `name` is the thread's, at most 15 characters.
  PollThread(const std::string& name, std::function<std::uint32_t()> poll);
  ~PollThread();
  PollThread(const PollThread&) = delete;
  PollThread& operator=(const PollThread&) = delete;

 private:
  void Run();

  const std::function<std::uint32_t()> poll_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kaisar::provider
