#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tests/support/tun_relay_link.h"

namespace kaisar::testing {

struct TunRelayOptions {
  /// One end: a network namespace, and the TUN device in it, which is made unless it is there.
  struct End {
    std::string network;  // a name of `ip netns`, a path, or empty for this process's own
    std::string device;
  };
  End left;
  End right;
  TunRelayTerms to_right;
  TunRelayTerms to_left;
  std::uint64_t seed = 1;
  /// Waits this long before a packet is due without sleeping: sleeping on is not exact.
  std::uint64_t spin_ns = 0;
};

/// How late packets were handed on, against when they were due.
struct TunRelayLateness {
  std::uint64_t median_us = 0;
  std::uint64_t p99_us = 0;
  std::uint64_t most_us = 0;
};

/// A router in user space between two network namespaces: IP packets that enter one TUN device
/// leave by the other, delayed, lost and slowed down as told. It is for what a kernel without netem
/// cannot do. ThrottledRelay divides the work so: that one is a TCP proxy that slows one connection
/// down and needs no rights; this one carries whole packets, so that TCP itself meets delay and
/// loss, and needs root.
///
/// Threads: one; Run blocks.
class TunRelay {
 public:
  /// Errors: PermissionDenied or NotFound for a namespace or /dev/net/tun; Internal otherwise.
  static absl::StatusOr<std::unique_ptr<TunRelay>> Open(const TunRelayOptions& options);
  virtual ~TunRelay() = default;

  /// Relays until `stop` becomes readable.
  ///
  /// Errors: Internal when a device cannot be read any more.
  virtual absl::Status Run(int stop) = 0;

  virtual const TunRelayCounts& to_right() const = 0;
  virtual const TunRelayCounts& to_left() const = 0;
  virtual TunRelayLateness lateness() const = 0;
};

}  // namespace kaisar::testing
