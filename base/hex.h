#pragma once

#include <array>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"

namespace kaisar {

/// Writes bytes as lower-case hex without a prefix.
std::string ToHex(ByteView bytes);
/// The same with "0x" before it, as chains write it.
std::string ToPrefixedHex(ByteView bytes);

/// Reads hex of either case, with or without "0x".
///
/// Errors: InvalidArgument with the length or the place of the first wrong digit.
absl::StatusOr<Bytes> ParseHex(absl::string_view text);

/// Reads hex that must give exactly N bytes.
///
/// Errors: as ParseHex, and InvalidArgument with both lengths when they differ.
template <std::size_t N>
absl::StatusOr<std::array<std::uint8_t, N>> ParseHexArray(absl::string_view text) {
  absl::StatusOr<Bytes> bytes = ParseHex(text);
  if (!bytes.ok()) return bytes.status();
  std::array<std::uint8_t, N> array{};
  if (!CopyExactly(*bytes, array)) {
    return absl::InvalidArgumentError(
        absl::StrCat("hex gives ", bytes->size(), " bytes, expected ", N));
  }
  return array;
}

}  // namespace kaisar
