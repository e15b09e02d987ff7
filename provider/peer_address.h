#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace kaisar::provider {

/// The numeric address in what gRPC calls a peer, e.g. `ipv4:192.0.2.1:555` or
/// `ipv6:%5B2001:db8::1%5D:555`.
///
/// Result: as inet_ntop writes it, without port and zone; an IPv4 address that came mapped into
///         IPv6 is an IPv4 address. Null for anything else, a Unix socket for one.
std::optional<std::string> NumericAddress(absl::string_view peer);

}  // namespace kaisar::provider
