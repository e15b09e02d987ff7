#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace kaisar {

/// Where to connect to: `host` is a name, an IPv4 address, or an IPv6 address without its brackets.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

/// Reads `host:port` or `[v6]:port`. A host is 1 to 253 letters, digits, dots, hyphens and
/// underscores, so nothing in it can be mistaken for another scheme, a path or a user; a port has
/// no leading zeros and is at least `least_port`.
///
/// Errors: InvalidArgument with the text and what was expected.
absl::StatusOr<Endpoint> ParseEndpoint(const std::string& text, std::uint16_t least_port = 1);

}  // namespace kaisar
