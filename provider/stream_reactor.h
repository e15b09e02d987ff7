#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "provider/grpc_status.h"
#include "provider/session.h"
#include "provider/stream_table.h"

namespace kaisar::provider {

/// Carries one stream: reads, hands each message to the session, writes what the session says. It
/// reads no further while an answer is being written, so a peer that does not read cannot pile any
/// up.
///
/// Threads: gRPC's, the workers', the processes' and the sweeper's; one lock for session and stream
///          state. StartRead, StartWrite and Finish are called under it: they only enqueue, their
///          reactions come on other stacks, and Finish must not overtake a read or write that was
///          decided before.
template <typename Session>
class StreamReactor
    : public grpc::ServerBidiReactor<typename Session::Request, typename Session::Response>,
      public Stream,
      public std::enable_shared_from_this<StreamReactor<Session>> {
 public:
  using Request = typename Session::Request;
  using Response = typename Session::Response;
  StreamReactor(const Peer& peer, StreamTable& streams, grpc::CallbackServerContext& context)
      : tls_pin_(peer.tls_pin), streams_(streams), context_(context) {}

  /// Joins the table and starts to read, or ends the stream when the table is full. `session` may
  /// hold a weak pointer to this.
  void Start(std::unique_ptr<Session> session) {
    absl::Status status = streams_.Add(tls_pin_, this->shared_from_this());
    MutexLock lock(mutex_);
    self_ = this->shared_from_this();
    session_ = std::move(session);
    if (!status.ok()) SetEnd(std::move(status));
    Pump();
  }

  void EndIfLate(std::uint64_t now_ns) override {
    MutexLock lock(mutex_);
    if (done_ || session_ == nullptr || now_ns < session_->deadline_ns()) return;
    Step<Response> step = session_->OnDeadline();
    if (step.response.has_value() || !step.end.has_value()) return Apply(std::move(step));
    EndLocked(*std::move(step.end));
  }

  void EndNow(absl::Status status) override {
    MutexLock lock(mutex_);
    if (done_ || session_ == nullptr) return;
    session_->Close();
    SetEnd(std::move(status));
    Pump();  // a write under way may still arrive; the server's shutdown cuts it off otherwise
  }
  /// Takes what a worker or a bandwidth test has to say.
  template <typename Reply>
  void Deliver(Reply reply) {
    MutexLock lock(mutex_);
    if (!end_.has_value()) Apply(session_->OnReply(std::move(reply)));
  }

  void OnReadDone(bool ok) override {
    MutexLock lock(mutex_);
    reading_ = false;
    if (end_.has_value()) return Pump();
    if (ok) return Apply(session_->OnRequest(request_));
    read_all_ = true;
    if (!session_->owes_messages()) return;  // half-closed by a peer that has said all
    session_->Close();
    EndLocked(absl::CancelledError("the stream was closed before its end"));
  }

  void OnWriteDone(bool) override {
    MutexLock lock(mutex_);
    writing_ = false;
    Pump();
  }
  void OnCancel() override {
    MutexLock lock(mutex_);
    session_->Close();
    SetEnd(absl::CancelledError("the stream was cancelled"));
    Pump();
  }
  void OnDone() override {
    std::shared_ptr<StreamReactor> self = this->shared_from_this();  // to the end of this function
    streams_.Remove(tls_pin_, self);
    MutexLock lock(mutex_);
    done_ = true;
    self_.reset();
  }

 private:
  void Apply(Step<Response> step) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (step.response.has_value()) pending_.push_back(*std::move(step.response));
    if (step.end.has_value()) end_ = *std::move(step.end);
    Pump();
  }

  void SetEnd(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    pending_.clear();
    if (!end_.has_value()) end_ = std::move(status);
  }

  /// Ends at once, also when the peer does not take what is being written.
  void EndLocked(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    SetEnd(std::move(status));
    if (writing_) context_.TryCancel();
    Pump();
  }

  void Pump() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_ || writing_) return;
    if (!pending_.empty()) {
      response_ = std::move(pending_.front());
      pending_.pop_front();
      writing_ = true;
      this->StartWrite(&response_);
    } else if (end_.has_value()) {
      finished_ = true;
      this->Finish(ToGrpc(*end_));
    } else if (!reading_ && !read_all_) {
      reading_ = true;
      this->StartRead(&request_);
    }
  }

  const Digest tls_pin_;
  StreamTable& streams_;
  grpc::CallbackServerContext& context_;  // valid until OnDone returns
  Mutex mutex_;
  std::shared_ptr<StreamReactor> self_ ABSL_GUARDED_BY(mutex_);  // until OnDone
  std::unique_ptr<Session> session_ ABSL_GUARDED_BY(mutex_);
  std::deque<Response> pending_ ABSL_GUARDED_BY(mutex_);  // at most four: the protocol has no more
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_all_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  Request request_;    // gRPC's while reading_
  Response response_;  // gRPC's while writing_
};

}  // namespace kaisar::provider
