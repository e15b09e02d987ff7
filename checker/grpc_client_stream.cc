#include "checker/grpc_client_stream.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "checker/grpc_client_status.h"

namespace kaisar::checker {
namespace {

constexpr std::size_t kMostRefusalBytes = 4096;  // a message for people, and one challenge
constexpr std::uint64_t kDrainMs = 500;
constexpr std::uint64_t kEarlyPart = 10;  // no alarm comes a tenth early; audits rely on it

/// A span of time, which gRPC counts from now on its monotonic clock.
gpr_timespec Span(std::uint64_t ms) {
  return gpr_time_from_millis(static_cast<std::int64_t>(ms), GPR_TIMESPAN);
}

}  // namespace

struct GrpcStream::Actions {
  bool write = false;
  bool cancel = false;
  bool close = false;
  std::shared_ptr<grpc::Alarm> alarm;
  std::shared_ptr<grpc::Alarm> old_alarm;
  std::uint64_t wake_ms = 0;
  std::uint64_t wake_number = 0;
  absl::AnyInvocable<void()> after;
};

GrpcStream::GrpcStream(Services services, v1::Device device, const char* method,
                       std::uint64_t deadline_ms, std::uint64_t most_message_bytes)
    : services_(std::move(services)),
      device_(std::move(device)),
      method_(method),
      deadline_ms_(deadline_ms),
      most_message_bytes_(most_message_bytes),
      started_ns_(services_.clock.MonotonicNs()) {}

void GrpcStream::Start() {
  self_ = shared_from_this();
  Connect();
}

void GrpcStream::Connect() {
  use_ = services_.channels.Get(device_, most_message_bytes_);
  context_.emplace();
  const std::uint64_t elapsed_ms = ElapsedMs();
  context_->set_deadline(Span(deadline_ms_ > elapsed_ms ? deadline_ms_ - elapsed_ms : 0));
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer>(use_.channel)
      .PrepareBidiStreamingCall(&*context_, method_, grpc::StubOptions(), this);
  AddHold();  // until the last read has ended, so that other threads may act before that
  Actions actions;
  {
    MutexLock lock(mutex_);
    over_ = false;
    if (end_) cancel_ = true;
    OnStart();
    actions = TakeActions();
  }
  StartRead(&incoming_);
  Perform(std::move(actions));
  StartCall();
}

void GrpcStream::Cancel() {
  {
    MutexLock lock(mutex_);
    End(v1::ABANDONED, "cancelled by the checker");
  }
  Outside([] {});
}

void GrpcStream::Outside(absl::AnyInvocable<void()> event) {
  Actions actions;
  {
    MutexLock lock(mutex_);
    if (over_) return;
    event();
    actions = TakeActions();
    ++outside_;
  }
  Perform(std::move(actions));
  bool last = false;
  {
    MutexLock lock(mutex_);
    --outside_;
    last = over_ && outside_ == 0;
  }
  if (last) RemoveHold();
}

GrpcStream::Actions GrpcStream::TakeActions() {
  Actions actions;
  if (!writing_ && !queue_.empty() && !end_) {
    outgoing_ = std::move(queue_.front().bytes);
    writing_ = actions.write = true;
    if (queue_.front().handed_ns != nullptr) *queue_.front().handed_ns = clock().MonotonicNs();
    queue_.pop_front();
  }
  if (close_ && !writing_) {
    close_ = false;
    actions.close = true;
  }
  actions.cancel = std::exchange(cancel_, false);
  if (new_alarm_ != nullptr) {
    actions.old_alarm = std::exchange(alarm_, new_alarm_);
    actions.alarm = std::exchange(new_alarm_, nullptr);
    actions.wake_ms = wake_ms_;
    actions.wake_number = wake_number_;
  }
  actions.after = std::exchange(after_, nullptr);
  return actions;
}

void GrpcStream::Perform(Actions actions) {
  if (actions.write) StartWrite(&outgoing_);
  if (actions.close) StartWritesDone();
  if (actions.cancel) context_->TryCancel();
  if (actions.alarm != nullptr) {
    actions.alarm->Set(Span(actions.wake_ms),
                       [weak = weak_from_this(), number = actions.wake_number](bool expired) {
                         const std::shared_ptr<GrpcStream> stream = expired ? weak.lock() : nullptr;
                         if (stream != nullptr) stream->OnAlarm(number);
                       });
  }
  if (actions.after) actions.after();
}

void GrpcStream::OnAlarm(std::uint64_t number) {
  Outside([this, number]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (number != wake_number_) return;
    if (end_) {
      cancel_ = true;  // the moment after Complete is over
    } else {
      OnWake(clock().MonotonicNs());
    }
  });
}

void GrpcStream::Wake(std::uint64_t after_ms) {
  ++wake_number_;
  wake_ms_ = after_ms;
  new_alarm_ = std::make_shared<grpc::Alarm>();
}

void GrpcStream::End(v1::Transport transport, std::string detail) {
  if (end_) return;
  end_.emplace();
  end_->transport = transport;
  end_->detail = Printable(detail, kMostDetailBytes);
  end_->elapsed_ms = ElapsedMs();
  cancel_ = true;
}

void GrpcStream::Decline(v1::Refusal refusal) {
  if (refusal.ByteSizeLong() > kMostRefusalBytes) {
    return End(v1::VIOLATION, absl::StrCat("refusal is ", refusal.ByteSizeLong(), " bytes, limit ",
                                           kMostRefusalBytes));
  }
  End(v1::DECLINED, refusal.message());
  if (end_->transport == v1::DECLINED) end_->refusal = std::move(refusal);
}

void GrpcStream::Afterwards(absl::AnyInvocable<void()> callback) {
  after_ = std::move(callback);
}

void GrpcStream::CloseWrites() {
  close_ |= !std::exchange(closed_, true);
}

void GrpcStream::Complete() {
  End(v1::COMPLETED, "");
  cancel_ = false;
  CloseWrites();
  Wake(kDrainMs);
}

bool GrpcStream::Unconnected() const {
  return !heard_ && use_.channel->GetState(/*try_to_connect=*/false) != GRPC_CHANNEL_READY;
}

void GrpcStream::EndLate(const std::string& what) {
  if (Unconnected()) {
    End(v1::NO_CONNECTION, absl::StrCat("no connection after ", ElapsedMs(), " ms"));
  } else {
    End(v1::DEADLINE, absl::StrCat(what, " after ", ElapsedMs(), " ms"));
  }
}

void GrpcStream::OnReadDone(bool ok) {
  const std::uint64_t now_ns = clock().MonotonicNs();
  Actions actions;
  bool last = false;
  {
    MutexLock lock(mutex_);
    if (!ok) {
      over_ = true;
      last = outside_ == 0;
    } else {
      heard_ = true;
      HandleMessage(std::exchange(incoming_, grpc::ByteBuffer()), now_ns);
      actions = TakeActions();
    }
  }
  if (ok) {
    StartRead(&incoming_);
    Perform(std::move(actions));
  } else if (last) {
    RemoveHold();
  }
}

void GrpcStream::HandleMessage(grpc::ByteBuffer message, std::uint64_t now_ns) {
  if (end_) {
    if (end_->transport != v1::COMPLETED) return;  // cut off already
    end_->transport = v1::VIOLATION;
    end_->detail = "more messages than there can be";
    cancel_ = true;
    return;
  }
  if (message.Length() > most_message_bytes_) {
    return End(v1::VIOLATION, absl::StrCat("message is ", message.Length(), " bytes, limit ",
                                           most_message_bytes_));
  }
  OnMessage(std::move(message), now_ns);
}

void GrpcStream::OnWriteDone(bool ok) {
  if (!ok) return;  // the stream is broken: the read ends, too
  Actions actions;
  {
    MutexLock lock(mutex_);
    writing_ = false;
    actions = TakeActions();
  }
  Perform(std::move(actions));
}

bool GrpcStream::MayRetry(const grpc::Status& status) const {
  // A connection from before this call that breaks before a word is heard had died unnoticed.
  return !end_ && !retried_ && !heard_ && use_.connected &&
         status.error_code() == grpc::StatusCode::UNAVAILABLE && ElapsedMs() < deadline_ms_;
}

void GrpcStream::Conclude(const grpc::Status& status) {
  const std::string words =
      absl::StrCat("status ", status.error_code(), ": ", status.error_message());
  if (IsTooLarge(status)) return End(v1::VIOLATION, words);
  if (IsRefusal(status.error_code())) {
    v1::Refusal refusal;
    refusal.set_message(Printable(words, kMostDetailBytes));
    return Decline(std::move(refusal));
  }
  const bool waited = ElapsedMs() >= deadline_ms_ - deadline_ms_ / kEarlyPart;  // or says so
  const bool late = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  if (late && waited) return EndLate("no answer");
  if (status.ok()) return End(v1::BROKEN, "the device ended the stream early");
  End(Unconnected() ? v1::NO_CONNECTION : v1::BROKEN, words);
}

void GrpcStream::OnDone(const grpc::Status& status) {
  bool retry = false;
  CallEnd end;
  std::shared_ptr<grpc::Alarm> alarm;
  std::uint64_t receiving = 0;
  {
    MutexLock lock(mutex_);
    receiving = std::exchange(receiving_, 0);
    retry = MayRetry(status);
    if (retry) {
      retried_ = true;
      writing_ = false;
      close_ = closed_ = false;
      queue_.clear();
      ++wake_number_;
    } else {
      if (!end_) Conclude(status);
      end = *end_;
    }
    alarm = std::exchange(alarm_, nullptr);
  }
  if (receiving != 0) services_.limit.Leave(receiving);
  if (retry || end.transport == v1::NO_CONNECTION || end.transport == v1::BROKEN ||
      end.transport == v1::DEADLINE || end.transport == v1::VIOLATION) {
    services_.channels.Drop(device_.id(), use_.channel);
  }
  if (retry) return Connect();
  const std::shared_ptr<GrpcStream> self = std::move(self_);
  OnEnd(std::move(end));
}

}  // namespace kaisar::checker
