#include "provider/poll_thread.h"

#include <pthread.h>

#include <chrono>
#include <utility>

namespace kaisar::provider {

PollThread::PollThread(const std::string& name, std::function<std::uint32_t()> poll)
    : poll_(std::move(poll)), thread_([this] { Run(); }) {
  pthread_setname_np(thread_.native_handle(), name.c_str());
}

PollThread::~PollThread() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

void PollThread::Run() {
  while (true) {
    const std::uint32_t rest_ms = poll_();
    MutexLock lock(mutex_);
    // A wake-up without a reason only makes one rest shorter.
    if (!stopping_) changed_.WaitFor(mutex_, std::chrono::milliseconds(rest_ms));
    if (stopping_) return;
  }
}

}  // namespace kaisar::provider
