#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "checker/grpc_client_stream.h"

namespace kaisar::checker {

/// One latency challenge: challenge, accepted, then pings one after the other, finish, transcript.
///
/// A ping that is not answered within its share of the time that is left counts as lost for now,
/// and the next one goes out; its echo is taken, with its true RTT, if it comes after all.
class GrpcLatencyStream final : public GrpcStream {
 public:
  GrpcLatencyStream(Services services, const v1::Device& device, LatencyCallSpec spec,
                    absl::AnyInvocable<void(LatencyAnswer)> done);

 private:
  enum class State { kWaiting, kPinging, kSpacing, kFinishing };

  void OnStart() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnMessage(grpc::ByteBuffer message, std::uint64_t now_ns) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnWake(std::uint64_t now_ns) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnEnd(CallEnd end) override;

  void OnEcho(const std::string& nonce, std::uint64_t now_ns) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const LatencyCallSpec spec_;
  absl::AnyInvocable<void(LatencyAnswer)> done_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kWaiting;
  std::uint32_t next_ ABSL_GUARDED_BY(mutex_) = 0;              // the ping to send
  std::vector<std::uint64_t> sent_ns_ ABSL_GUARDED_BY(mutex_);  // by ping; 0: not under way
  v1::LatencyEvidence evidence_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::checker
