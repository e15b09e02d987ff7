#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace kaisar {

/// Reads a decimal integer: digits only, without sign or leading zeros, which is what everybody who
/// reads the text agrees on.
///
/// Result: false, and `value` as it was, when the text is anything else or above 2^64 - 1.
[[nodiscard]] bool ParseDecimal(absl::string_view text, std::uint64_t& value);

/// Tells whether the text is `host:port`: a name, an IPv4 address or an IPv6 address in brackets,
/// and a port from `least_port` to 65535.
[[nodiscard]] bool IsHostPort(absl::string_view text, std::uint64_t least_port);

}  // namespace kaisar
