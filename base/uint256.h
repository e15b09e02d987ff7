#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace kaisar {

/// An unsigned integer of an EVM word: wei, weights, gas prices. Arithmetic never wraps: a result
/// that does not fit, a negative difference and a division by zero are our own bugs (CHECK), since
/// every operand comes from a range that was validated.
class Uint256 {
 public:
  constexpr Uint256() = default;
  Uint256(std::uint64_t value);  // NOLINT: converts like a number
  /// The big-endian word.
  static Uint256 FromWord(const Digest& word);
  /// Errors: InvalidArgument when it is not a decimal number below 2^256.
  static absl::StatusOr<Uint256> FromDecimal(absl::string_view text);

  Digest ToWord() const { return word_; }
  std::string ToDecimal() const;
  /// Saturates at 2^64 - 1.
  std::uint64_t ToUint64() const;
  bool FitsUint64() const;
  bool is_zero() const { return *this == Uint256(); }

  friend Uint256 operator+(const Uint256& a, const Uint256& b);
  friend Uint256 operator-(const Uint256& a, const Uint256& b);
  friend Uint256 operator*(const Uint256& a, const Uint256& b);
  friend Uint256 operator/(const Uint256& a, const Uint256& b);  // rounds down
  friend Uint256 operator%(const Uint256& a, const Uint256& b);
  friend bool operator==(const Uint256&, const Uint256&) = default;
  friend std::strong_ordering operator<=>(const Uint256& a, const Uint256& b) {
    return a.word_ <=> b.word_;  // big-endian, so bytes order as numbers do
  }

 private:
  Digest word_{};
};

/// Wei of KAI or of the chain's coin as people read it: "12.5" for 12.5 · 10^18, at most `digits`
/// after the point, rounded down.
std::string FormatEther(const Uint256& wei, int digits = 6);

/// Reads "12.5" as 12.5 · 10^18.
///
/// Errors: InvalidArgument when it is not such a number or has more than 18 digits after the point.
absl::StatusOr<Uint256> ParseEther(absl::string_view text);

}  // namespace kaisar
