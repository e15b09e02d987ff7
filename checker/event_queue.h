#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "base/mutex.h"

namespace kaisar::checker {

/// What happened, handed to the thread "dispatch": answers, durable records, verdicts.
///
/// The number of events is bounded by whoever causes them: each open challenge has at most three
/// under way at once, so the dispatcher's limit on open challenges gives the capacity, and a full
/// queue is a bug of ours.
///
/// Threads: Push, Wake and Close from any thread; the rest from one.
class EventQueue {
 public:
  using Event = absl::AnyInvocable<void()>;

  explicit EventQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Hands over an event; dropped after Close. Never blocks.
  void Push(Event event);

  /// Runs what is in the queue now, in order; not what these events push.
  ///
  /// Result: how many ran.
  std::size_t RunPending();

  /// Waits until there is an event, Wake is called, or `most_ms` of real time have passed.
  void WaitFor(std::uint64_t most_ms);

  /// Ends the current or the next WaitFor.
  void Wake();

  bool empty();

  /// Drops what is queued and all that comes later: its owner is going.
  void Close();

 private:
  const std::size_t capacity_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
  std::deque<Event> running_;  // of the one thread that runs events
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace kaisar::checker
