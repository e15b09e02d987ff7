#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "checker/grpc_client_channels.h"
#include "checker/provider_client.h"
#include "checker/receive_limit.h"

namespace kaisar::checker {

/// One bidirectional call to a device: turns gRPC's reactions, which come on several threads, into
/// one sequence of events for the state machine of a kind, and keeps the promises that all kinds
/// share: every call ends, once, with a cause; nothing is read into the void; the first cause
/// stands.
///
/// Events run under the stream's lock and only note what to do (Send, Wake, …), for after it.
class GrpcStream : public std::enable_shared_from_this<GrpcStream>,
                   private grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  struct Services {
    GrpcChannels& channels;
    ReceiveLimit& limit;
    const Clock& clock;
    std::shared_ptr<void> alive;  // released last, when nothing of the call is left
  };
  ~GrpcStream() override = default;

  /// Once, after construction.
  void Start() ABSL_LOCKS_EXCLUDED(mutex_);
  /// Ends the call soon, on the checker's own account.
  void Cancel() ABSL_LOCKS_EXCLUDED(mutex_);

 protected:
  GrpcStream(Services services, v1::Device device, const char* method, std::uint64_t deadline_ms,
             std::uint64_t most_message_bytes);

  virtual void OnStart() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) = 0;
  virtual void OnMessage(grpc::ByteBuffer message, std::uint64_t now_ns)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) = 0;
  virtual void OnWake(std::uint64_t now_ns) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) = 0;
  /// Last: nothing else comes any more, and no lock is held.
  virtual void OnEnd(CallEnd end) ABSL_LOCKS_EXCLUDED(mutex_) = 0;

  /// Hands a message to the stream after those before it; `handed_ns` gets the time at which it is.
  template <typename Message>
  void Send(const Message& message, std::uint64_t* handed_ns = nullptr)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Outgoing outgoing{{}, handed_ns};
    bool own = false;
    grpc::SerializationTraits<Message>::Serialize(message, &outgoing.bytes, &own);
    queue_.push_back(std::move(outgoing));
  }
  /// Nothing is sent after what was.
  void CloseWrites() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Calls OnWake once, then; a later Wake takes its place.
  void Wake(std::uint64_t after_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Ends the call with a cause; the first one stands.
  void End(v1::Transport transport, std::string detail) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Decline(v1::Refusal refusal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// The last expected message has come: the device has a moment to end the stream itself.
  void Complete() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// The expected message has not come: whether there is no connection or no answer.
  void EndLate(const std::string& what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Runs after the lock is let go, before the reaction returns.
  void Afterwards(absl::AnyInvocable<void()> callback) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Runs an event on a thread that is not gRPC's reaction.
  void Outside(absl::AnyInvocable<void()> event) ABSL_LOCKS_EXCLUDED(mutex_);

  /// False, and the call ended as a violation, when it is no such message. Drops unknown fields.
  template <typename Message>
  bool Parse(grpc::ByteBuffer& bytes, Message& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool parsed = grpc::SerializationTraits<Message>::Deserialize(&bytes, &message).ok();
    if (!parsed) End(v1::VIOLATION, "a message cannot be parsed");
    message.DiscardUnknownFields();  // no reader of the log would know them
    return parsed;
  }
  bool Unconnected() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ended() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return end_.has_value(); }
  std::string Peer() const { return context_->peer(); }  // once something came from it
  std::uint64_t ElapsedMs() const { return (clock().MonotonicNs() - started_ns_) / 1'000'000; }
  const Clock& clock() const { return services_.clock; }

  Mutex mutex_;

 private:
  struct Outgoing {
    grpc::ByteBuffer bytes;
    std::uint64_t* handed_ns;
  };
  struct Actions;
  void OnReadInitialMetadataDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  void Connect() ABSL_LOCKS_EXCLUDED(mutex_);
  Actions TakeActions() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Perform(Actions actions) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnAlarm(std::uint64_t number) ABSL_LOCKS_EXCLUDED(mutex_);
  void HandleMessage(grpc::ByteBuffer message, std::uint64_t now_ns)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Conclude(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayRetry(const grpc::Status& status) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Services services_;
  const v1::Device device_;
  const std::string method_;
  const std::uint64_t deadline_ms_;
  const std::uint64_t most_message_bytes_;
  const std::uint64_t started_ns_;

  // Set while no reaction can come.
  std::shared_ptr<GrpcStream> self_;
  std::optional<grpc::ClientContext> context_;
  GrpcChannels::Use use_;
  grpc::ByteBuffer incoming_;  // of the one read under way
  grpc::ByteBuffer outgoing_;  // of the one write under way

  std::deque<Outgoing> queue_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool heard_ ABSL_GUARDED_BY(mutex_) = false;  // the device has said anything on this call
  bool over_ ABSL_GUARDED_BY(mutex_) = true;    // no read is under way any more
  bool retried_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancel_ ABSL_GUARDED_BY(mutex_) = false;
  bool close_ ABSL_GUARDED_BY(mutex_) = false;    // half-close after the writes
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;   // it is asked for, or done
  unsigned outside_ ABSL_GUARDED_BY(mutex_) = 0;  // threads that act without being a reaction
  std::uint64_t receiving_ ABSL_GUARDED_BY(mutex_) = 0;  // the call's number at the limit
  std::optional<CallEnd> end_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t wake_ms_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t wake_number_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<grpc::Alarm> new_alarm_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
  absl::AnyInvocable<void()> after_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::checker
