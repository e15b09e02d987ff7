#include "checker/event_queue.h"

#include <chrono>
#include <utility>

#include "base/check.h"

namespace kaisar::checker {

void EventQueue::Push(Event event) {
  MutexLock lock(mutex_);
  if (closed_) return;
  KAISAR_CHECK(events_.size() < capacity_);
  events_.push_back(std::move(event));
  if (events_.size() == 1) changed_.SignalOne();
}

std::size_t EventQueue::RunPending() {
  {
    MutexLock lock(mutex_);
    running_.swap(events_);
  }
  std::size_t ran = 0;
  while (!running_.empty()) {
    Event event = std::move(running_.front());
    running_.pop_front();
    event();
    ++ran;
  }
  return ran;
}

void EventQueue::WaitFor(std::uint64_t most_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(most_ms);
  MutexLock lock(mutex_);
  while (events_.empty() && !woken_ && !closed_) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= until || !changed_.WaitFor(mutex_, until - now)) break;
  }
  woken_ = false;
}

void EventQueue::Wake() {
  MutexLock lock(mutex_);
  woken_ = true;
  changed_.SignalOne();
}

bool EventQueue::empty() {
  MutexLock lock(mutex_);
  return events_.empty();
}

void EventQueue::Close() {
  std::deque<Event> dropped;
  MutexLock lock(mutex_);
  closed_ = true;
  dropped.swap(events_);
  changed_.SignalAll();
}

}  // namespace kaisar::checker
