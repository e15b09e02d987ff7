#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/tls_certificate_provider.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "checker/grpc_client.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// The connections to devices: one channel each, whose TLS accepts the pinned key alone.
///
/// Threads: all methods from any thread; none blocks.
class GrpcChannels {
 public:
  explicit GrpcChannels(const GrpcClientOptions& options);

  struct Use {
    std::shared_ptr<grpc::Channel> channel;
    bool connected = false;  // it was before this use
  };
  /// The device's channel; a new one when there is none, when endpoint or pin have changed, or when
  /// the one that there is takes less than `most_message_bytes`.
  Use Get(const v1::Device& device, std::uint64_t most_message_bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  /// Forgets a channel, so that the next use connects afresh instead of waiting out a backoff or
  /// trusting a connection that has died unnoticed. Calls that use it go on.
  void Drop(std::uint32_t device, const std::shared_ptr<grpc::Channel>& channel)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry {
    std::string endpoint;
    std::string tls_pin;
    std::uint64_t most_message_bytes = 0;
    std::shared_ptr<grpc::Channel> channel;
  };
  std::shared_ptr<grpc::Channel> Make(const v1::Device& device,
                                      std::uint64_t most_message_bytes) const;

  const std::uint32_t connect_timeout_ms_;
  const std::uint32_t idle_timeout_ms_;
  const std::shared_ptr<grpc::experimental::CertificateProviderInterface> identity_;
  Mutex mutex_;
  std::map<std::uint32_t, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::checker
