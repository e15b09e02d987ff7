#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "checker/grpc_client_stream.h"

namespace kaisar::checker {

/// One question of what a machine says of its devices: a request, a response, neither of them read
/// here.
class GrpcDescribeStream final : public GrpcStream {
 public:
  GrpcDescribeStream(Services services, const v1::Device& device, std::uint32_t deadline_ms,
                     absl::AnyInvocable<void(DescribeAnswer)> done);

 private:
  void OnStart() override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnMessage(grpc::ByteBuffer message, std::uint64_t now_ns) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnWake(std::uint64_t) override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {}
  void OnEnd(CallEnd end) override;

  absl::AnyInvocable<void(DescribeAnswer)> done_;
  std::string response_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::checker
