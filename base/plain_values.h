#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace kaisar {

/// Reads a decimal integer: digits only, without sign or leading zeros, which is what everybody who
/// reads the text agrees on.
///
/// Result: false, and `value` as it was, when the text is anything else or above 2^64 - 1.
[[nodiscard]] bool ParseDecimal(absl::string_view text, std::uint64_t& value);

}  // namespace kaisar
