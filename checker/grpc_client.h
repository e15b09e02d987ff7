#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/keys/tls_key.h"
#include "checker/provider_client.h"

namespace kaisar::checker {

/// How connections to devices are made.
struct GrpcClientOptions {
  TlsKey tls;                                      // shown to every device
  std::uint32_t connect_timeout_ms = 3000;         // TCP and TLS, each address of a device
  std::uint32_t idle_timeout_ms = 30 * 60 * 1000;  // an unused connection is closed
};

/// Calls devices over gRPC with mutual TLS; a device is who shows the key of its pin, whatever its
/// certificate says. One connection per device, made when first needed and again after every call
/// that found it broken, so that a device that is back is reached at once.
///
/// Threads:  as ProviderClient. The callbacks come on gRPC's threads.
/// Liveness: the destructor cancels all calls and waits until their last callback has returned; it
///           must not be called from one. It waits for nothing that a device does.
/// Cost:     150 kB per connected device; 4 ms of CPU per latency challenge of 16 pings.
/// Limits:   gRPC 1.51 looks at a message's size when it has all of it in memory. ReceiveLimit cuts
///           a device off that sends more than its calls need; what is held by then is twice the
///           answer's limit + 1 MiB a call, and what the network carries in 50 ms. gRPC's resource
///           quota is no way: one per channel has been seen to abort the process, and one for all
///           cancels the oldest calls, whoever's they are.
class GrpcProviderClient : public ProviderClient {
 public:
  /// Errors: InvalidArgument when the TLS key is not one.
  static absl::StatusOr<std::unique_ptr<GrpcProviderClient>> Make(GrpcClientOptions options,
                                                                  const Clock& clock);
  ~GrpcProviderClient() override;

  void RunLatency(const v1::Device& device, LatencyCallSpec spec,
                  absl::AnyInvocable<void(LatencyAnswer)> done) override;
  std::shared_ptr<MatmulCall> StartMatmul(
      const v1::Device& device, MatmulCallSpec spec,
      absl::AnyInvocable<void(v1::CommitmentReceived)> committed,
      absl::AnyInvocable<void(MatmulAnswer)> done) override;
  std::shared_ptr<BandwidthCall> StartBandwidth(
      const v1::Device& device, BandwidthCallSpec spec,
      absl::AnyInvocable<void(BandwidthOpening)> opened,
      absl::AnyInvocable<void(BandwidthAnswer)> done) override;
  void Describe(const v1::Device& device, std::uint32_t deadline_ms,
                absl::AnyInvocable<void(DescribeAnswer)> done) override;

 private:
  class Calls;
  explicit GrpcProviderClient(std::unique_ptr<Calls> calls);
  std::unique_ptr<Calls> calls_;
};

}  // namespace kaisar::checker
