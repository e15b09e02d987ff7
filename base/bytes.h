#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace kaisar {

using Bytes = std::vector<std::uint8_t>;
using ByteView = absl::Span<const std::uint8_t>;
/// 32 bytes: a SHA-256 or Keccak-256 hash, a seed, a secret.
using Digest = std::array<std::uint8_t, 32>;
/// An EVM address.
using Address = std::array<std::uint8_t, 20>;

/// Views the bytes of a string (protobuf's type for bytes); the string must outlive the view.
inline ByteView ViewOf(absl::string_view text) {
  return ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

/// Copies bytes into a string.
inline std::string ToString(ByteView bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

/// Copies exactly N bytes into an array.
///
/// Result: false, and `out` as it was, when the size differs.
template <std::size_t N>
[[nodiscard]] bool CopyExactly(ByteView bytes, std::array<std::uint8_t, N>& out) {
  if (bytes.size() != N) return false;
  for (std::size_t i = 0; i < N; ++i) out[i] = bytes[i];
  return true;
}

/// Appends bytes, or an integer in fixed-width big-endian order (BE32, BE64).
void Append(Bytes& to, ByteView bytes);
void AppendBigEndian32(Bytes& to, std::uint32_t value);
void AppendBigEndian64(Bytes& to, std::uint64_t value);

/// Reads a little-endian integer from the first bytes; the view must be long enough.
std::uint64_t LoadLittleEndian64(const std::uint8_t* bytes);

}  // namespace kaisar
