#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "kaisar/v1/provider.grpc.pb.h"
#include "provider/device_descriptions.h"
#include "provider/rate_limit.h"
#include "provider/session.h"
#include "provider/stream_table.h"

namespace kaisar::provider {

/// kaisar.v1.Provider over gRPC's callback API. Knows nothing of challenges: it finds out whose the
/// connection is, moves messages between streams and sessions, and never blocks.
///
/// Threads: gRPC's. Outlives the server that it is registered with.
class GrpcService final : public v1::Provider::CallbackService {
 public:
  /// All outlive the service.
  GrpcService(const SessionServices& services, StreamTable& streams,
              DeviceDescriptions& descriptions);

  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext* context,
                                     const v1::DescribeRequest* request,
                                     v1::DescribeResponse* response) override;
  grpc::ServerBidiReactor<v1::MatmulRequest, v1::MatmulResponse>* Matmul(
      grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<v1::LatencyRequest, v1::LatencyResponse>* Latency(
      grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<v1::BandwidthRequest, v1::BandwidthResponse>* Bandwidth(
      grpc::CallbackServerContext* context) override;

 private:
  absl::StatusOr<Peer> Identify(grpc::CallbackServerContext& context);
  template <typename Reactor>
  grpc::ServerBidiReactor<typename Reactor::Request, typename Reactor::Response>* Open(
      grpc::CallbackServerContext* context);

  const SessionServices& services_;
  StreamTable& streams_;
  DeviceDescriptions& descriptions_;
  Mutex mutex_;
  RateLimiter stranger_lines_ ABSL_GUARDED_BY(mutex_);  // strangers must not fill the log
};

}  // namespace kaisar::provider
