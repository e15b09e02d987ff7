#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "tests/support/task_thread.h"

namespace kaisar::testing {

/// One bidirectional stream on the side of a scripted provider: reads everything, writes what it is
/// told to in order, finishes once.
///
/// Threads: Send, SendAfter, End and Reset from any thread.
template <typename Request, typename Response>
class ScriptedStream : public grpc::ServerBidiReactor<Request, Response>,
                       public std::enable_shared_from_this<ScriptedStream<Request, Response>> {
 public:
  using Self = std::shared_ptr<ScriptedStream>;

  ScriptedStream(grpc::CallbackServerContext* context, TaskThread& timer)
      : context_(context), timer_(timer) {}

  /// gRPC holds the stream until OnDone.
  void Begin(Self self) {
    self_ = std::move(self);
    this->StartRead(&request_);
  }

 protected:
  /// A message came; the next one is read after it returns.
  virtual void OnMessage(const Request& request) = 0;
  /// The client has said everything.
  virtual void OnEndOfMessages() { End(grpc::Status::OK); }
  /// Everything queued has been sent.
  virtual void OnAllSent() {}
  /// The call is over; last.
  virtual void OnOver() {}

  /// For tasks that outlive the call.
  Self self() { return this->shared_from_this(); }

  void Send(Response response) {
    MutexLock lock(mutex_);
    if (finished_ || end_.has_value()) return;
    queue_.push_back(std::move(response));
    Pump();
  }

  void SendAfter(std::uint64_t delay_ms, Response response) {
    if (delay_ms == 0) return Send(std::move(response));
    timer_.RunAfter(delay_ms,
                    [self = self(), this, response = std::move(response)] { Send(response); });
  }

  /// Finishes once everything queued has been sent.
  void End(grpc::Status status) {
    MutexLock lock(mutex_);
    if (!end_.has_value()) end_ = std::move(status);
    Pump();
  }

  void EndAfter(std::uint64_t delay_ms, grpc::Status status) {
    timer_.RunAfter(delay_ms, [self = self(), this, status] { End(status); });
  }

  /// Resets the stream at once (RST_STREAM).
  void Reset() {
    MutexLock lock(mutex_);
    if (!finished_) context_->TryCancel();
  }

  /// Tells whether anything can still be sent. Lives on after the call.
  bool over() const { return over_; }

 private:
  void OnReadDone(bool ok) final {
    if (!ok) return OnEndOfMessages();
    OnMessage(request_);
    this->StartRead(&request_);
  }

  void OnWriteDone(bool ok) final {
    bool all_sent = false;
    {
      MutexLock lock(mutex_);
      writing_ = false;
      queue_.pop_front();
      if (!ok) queue_.clear();
      all_sent = ok && queue_.empty();
      Pump();
    }
    if (all_sent) OnAllSent();
  }

  void OnCancel() final {
    MutexLock lock(mutex_);
    queue_.erase(queue_.begin() + (writing_ ? 1 : 0), queue_.end());
    end_ = grpc::Status::CANCELLED;
    over_ = true;
    Pump();
  }

  void OnDone() final {
    const Self last = std::move(self_);
    OnOver();
  }

  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_ || writing_) return;
    if (!queue_.empty()) {
      writing_ = true;
      this->StartWrite(&queue_.front());
    } else if (end_.has_value()) {
      finished_ = true;
      over_ = true;
      this->Finish(*end_);
    }
  }

  grpc::CallbackServerContext* const context_;
  TaskThread& timer_;
  Request request_;
  Self self_;
  std::atomic<bool> over_{false};

  Mutex mutex_;
  std::deque<Response> queue_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace kaisar::testing
