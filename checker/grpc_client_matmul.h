#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "checker/grpc_client_stream.h"

namespace kaisar::checker {

/// One matmul challenge: pings, challenge, commitment, samples, opening.
///
/// One ping goes before the eight that are measured: with its echo the connection is known to
/// stand, so that connecting is in no RTT.
class GrpcMatmulStream final : public GrpcStream {
 public:
  GrpcMatmulStream(Services services, const v1::Device& device, MatmulCallSpec spec,
                   absl::AnyInvocable<void(v1::CommitmentReceived)> committed,
                   absl::AnyInvocable<void(MatmulAnswer)> done);

  /// Once, after the commitment; anything else has no effect.
  void SendSamples(const std::vector<challenges::MatmulSample>& samples)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  enum class State { kPinging, kWorking, kSampling, kOpening };

  void OnStart() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnMessage(grpc::ByteBuffer message, std::uint64_t now_ns) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnWake(std::uint64_t now_ns) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnEnd(CallEnd end) override;

  void SendPing() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnEcho(const std::string& nonce, std::uint64_t now_ns) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnCommitment(v1::MatmulCommitment commitment, std::uint64_t now_ns)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const MatmulCallSpec spec_;
  absl::AnyInvocable<void(v1::CommitmentReceived)> committed_;
  absl::AnyInvocable<void(MatmulAnswer)> done_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kPinging;
  std::uint8_t pings_ ABSL_GUARDED_BY(mutex_) = 0;       // sent
  std::uint64_t handed_ns_ ABSL_GUARDED_BY(mutex_) = 0;  // what was sent last; 0: waits
  v1::CommitmentReceived received_ ABSL_GUARDED_BY(mutex_);
  v1::MatmulEvidence evidence_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::checker
