#include "checker/check_pool.h"

#include <pthread.h>

#include <utility>

namespace kaisar::checker {

CheckPool::CheckPool(unsigned threads) {
  threads_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Work(); });
    pthread_setname_np(threads_.back().native_handle(), "check");
  }
}

CheckPool::~CheckPool() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

void CheckPool::Submit(Job job) {
  if (threads_.empty()) {
    job();
    return;
  }
  MutexLock lock(mutex_);
  jobs_.push_back(std::move(job));
  changed_.SignalOne();
}

std::size_t CheckPool::queued() {
  MutexLock lock(mutex_);
  return jobs_.size();
}

void CheckPool::Work() {
  while (true) {
    Job job;
    {
      MutexLock lock(mutex_);
      while (jobs_.empty() && !ending_) changed_.Wait(mutex_);
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace kaisar::checker
