#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace kaisar::testing {

/// A TCP relay on loopback that hands on what clients send at once and what the server sends at a
/// given rate, 20 times a second. Knows nothing of TLS: the slowness is on the wire.
///
/// Liveness: its threads end in the destructor, which closes all connections.
class ThrottledRelay {
 public:
  /// `server` is 127.0.0.1:PORT. The first `burst_bytes` of a connection are not slowed down, so
  /// that the TLS handshake succeeds.
  static absl::StatusOr<std::unique_ptr<ThrottledRelay>> Start(const std::string& server,
                                                               std::uint64_t bytes_per_second,
                                                               std::uint64_t burst_bytes);
  virtual ~ThrottledRelay() = default;
  virtual const std::string& endpoint() const = 0;
};

}  // namespace kaisar::testing
