#include "tests/support/task_thread.h"

#include <utility>

namespace kaisar::testing {

void TaskThread::RunAfter(std::uint64_t delay_ms, absl::AnyInvocable<void()> task) {
  const Time when = std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms);
  MutexLock lock(mutex_);
  if (stopping_) return;
  tasks_.emplace(when, std::move(task));
  wake_.SignalOne();
}

void TaskThread::Stop() {
  std::multimap<Time, absl::AnyInvocable<void()>> dropped;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(tasks_);
    wake_.SignalOne();
  }
  if (thread_.joinable()) thread_.join();
}

void TaskThread::Loop() {
  while (true) {
    absl::AnyInvocable<void()> task;
    {
      MutexLock lock(mutex_);
      while (!stopping_) {
        const Time now = std::chrono::steady_clock::now();
        if (!tasks_.empty() && tasks_.begin()->first <= now) break;
        if (tasks_.empty()) {
          wake_.Wait(mutex_);
        } else {
          wake_.WaitFor(mutex_, tasks_.begin()->first - now);
        }
      }
      if (stopping_) return;
      task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
    }
    task();
  }
}

}  // namespace kaisar::testing
