#include "base/uint256.h"

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace kaisar {
namespace {

constexpr std::size_t kLimbs = 4;
constexpr int kEtherDigits = 18;  // 1 ether = 10^18 wei
constexpr std::uint64_t kWeiPerEther = 1'000'000'000'000'000'000;

using Limbs = std::array<std::uint64_t, kLimbs>;  // the lowest first
__extension__ using Wide = unsigned __int128;

Limbs ToLimbs(const Uint256& value) {
  const Digest word = value.ToWord();
  Limbs limbs{};
  for (std::size_t i = 0; i < word.size(); ++i) {
    std::uint64_t& limb = limbs[kLimbs - 1 - i / 8];
    limb = limb << 8 | word[i];
  }
  return limbs;
}

Uint256 FromLimbs(const Limbs& limbs) {
  Digest word;
  for (std::size_t i = 0; i < word.size(); ++i) {
    word[i] = static_cast<std::uint8_t>(limbs[kLimbs - 1 - i / 8] >> (56 - 8 * (i % 8)));
  }
  return Uint256::FromWord(word);
}

/// a += b; gives the carry.
bool AddTo(Limbs& a, const Limbs& b) {
  Wide carry = 0;
  for (std::size_t i = 0; i < kLimbs; ++i) {
    const Wide sum = Wide{a[i]} + b[i] + carry;
    a[i] = static_cast<std::uint64_t>(sum);
    carry = sum >> 64;
  }
  return carry != 0;
}

/// a -= b; gives the borrow.
bool SubtractFrom(Limbs& a, const Limbs& b) {
  bool borrow = false;
  for (std::size_t i = 0; i < kLimbs; ++i) {
    const Wide difference = Wide{a[i]} - b[i] - (borrow ? 1 : 0);
    a[i] = static_cast<std::uint64_t>(difference);
    borrow = (difference >> 64) != 0;
  }
  return borrow;
}

struct Division {
  Limbs quotient{};
  Limbs remainder{};
};

Division DivideByLimb(const Limbs& a, std::uint64_t divisor) {
  Division result;
  Wide rest = 0;
  for (std::size_t i = kLimbs; i-- > 0;) {
    rest = rest << 64 | a[i];
    result.quotient[i] = static_cast<std::uint64_t>(rest / divisor);
    rest %= divisor;
  }
  result.remainder[0] = static_cast<std::uint64_t>(rest);
  return result;
}

/// Schoolbook, a bit at a time: divisors above 2^64 are rare.
Division DivideByBits(const Limbs& a, const Limbs& divisor) {
  Division result;
  for (int bit = 255; bit >= 0; --bit) {
    const std::size_t limb = static_cast<std::size_t>(bit) / 64;
    const std::uint64_t mask = std::uint64_t{1} << (bit % 64);
    const Limbs twice = result.remainder;
    const bool overflow = AddTo(result.remainder, twice);
    if ((a[limb] & mask) != 0) result.remainder[0] |= 1;
    Limbs reduced = result.remainder;
    // With the bit that was shifted out, the remainder is below twice the divisor.
    if (SubtractFrom(reduced, divisor) == overflow) {
      result.remainder = reduced;
      result.quotient[limb] |= mask;
    }
  }
  return result;
}

Division Divide(const Uint256& a, const Uint256& b) {
  KAISAR_CHECK(!b.is_zero());
  const Limbs divisor = ToLimbs(b);
  if (b.FitsUint64()) return DivideByLimb(ToLimbs(a), divisor[0]);
  return DivideByBits(ToLimbs(a), divisor);
}

bool IsDigits(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

/// Appends decimal digits to a number; false beyond 2^256.
bool AppendDigits(Limbs& number, absl::string_view digits) {
  for (const char digit : digits) {
    Wide carry = static_cast<Wide>(digit - '0');
    for (std::uint64_t& limb : number) {
      carry += Wide{limb} * 10;
      limb = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    if (carry != 0) return false;
  }
  return true;
}

}  // namespace

Uint256::Uint256(std::uint64_t value) : word_(FromLimbs({value, 0, 0, 0}).word_) {}

Uint256 Uint256::FromWord(const Digest& word) {
  Uint256 value;
  value.word_ = word;
  return value;
}

absl::StatusOr<Uint256> Uint256::FromDecimal(absl::string_view text) {
  Limbs number{};
  if (!IsDigits(text) || (text.size() > 1 && text[0] == '0') || !AppendDigits(number, text)) {
    return absl::InvalidArgumentError(absl::StrCat("number is \"", text.substr(0, 80),
                                                   "\", expected decimal digits below 2^256"));
  }
  return FromLimbs(number);
}

std::string Uint256::ToDecimal() const {
  constexpr std::uint64_t kChunk = 10'000'000'000'000'000'000u;  // the digits of one division
  constexpr std::size_t kChunkDigits = 19;
  std::string text;
  Limbs rest = ToLimbs(*this);
  while (true) {
    const Division division = DivideByLimb(rest, kChunk);
    const std::string digits = absl::StrCat(division.remainder[0]);
    rest = division.quotient;
    if (rest == Limbs{}) return digits + text;
    text = std::string(kChunkDigits - digits.size(), '0') + digits + text;
  }
}

std::uint64_t Uint256::ToUint64() const {
  return FitsUint64() ? ToLimbs(*this)[0] : std::numeric_limits<std::uint64_t>::max();
}

bool Uint256::FitsUint64() const {
  const Limbs limbs = ToLimbs(*this);
  return limbs[1] == 0 && limbs[2] == 0 && limbs[3] == 0;
}

Uint256 operator+(const Uint256& a, const Uint256& b) {
  Limbs sum = ToLimbs(a);
  KAISAR_CHECK(!AddTo(sum, ToLimbs(b)));
  return FromLimbs(sum);
}

Uint256 operator-(const Uint256& a, const Uint256& b) {
  Limbs difference = ToLimbs(a);
  KAISAR_CHECK(!SubtractFrom(difference, ToLimbs(b)));
  return FromLimbs(difference);
}

Uint256 operator*(const Uint256& a, const Uint256& b) {
  const Limbs x = ToLimbs(a);
  const Limbs y = ToLimbs(b);
  Limbs product{};
  for (std::size_t i = 0; i < kLimbs; ++i) {
    Wide carry = 0;
    for (std::size_t j = 0; i + j < kLimbs; ++j) {
      carry += Wide{x[i]} * y[j] + product[i + j];
      product[i + j] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    KAISAR_CHECK(carry == 0);
    for (std::size_t j = kLimbs - i; j < kLimbs; ++j) KAISAR_CHECK(x[i] == 0 || y[j] == 0);
  }
  return FromLimbs(product);
}

Uint256 operator/(const Uint256& a, const Uint256& b) {
  return FromLimbs(Divide(a, b).quotient);
}

Uint256 operator%(const Uint256& a, const Uint256& b) {
  return FromLimbs(Divide(a, b).remainder);
}

std::string FormatEther(const Uint256& wei, int digits) {
  KAISAR_CHECK(digits >= 0 && digits <= kEtherDigits);
  const Uint256 whole = wei / kWeiPerEther;
  std::string fraction = absl::StrCat((wei % kWeiPerEther).ToUint64());
  fraction.insert(0, static_cast<std::size_t>(kEtherDigits) - fraction.size(), '0');
  fraction.resize(static_cast<std::size_t>(digits));
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return fraction.empty() ? whole.ToDecimal() : absl::StrCat(whole.ToDecimal(), ".", fraction);
}

absl::StatusOr<Uint256> ParseEther(absl::string_view text) {
  const std::size_t point = text.find('.');
  const absl::string_view whole = text.substr(0, point);
  std::string fraction;
  bool valid = IsDigits(whole) && (whole.size() == 1 || whole[0] != '0');
  if (point != absl::string_view::npos) {
    fraction = std::string(text.substr(point + 1));
    valid = valid && IsDigits(fraction) && fraction.size() <= kEtherDigits;
  }
  fraction.resize(kEtherDigits, '0');
  Limbs wei{};
  if (!valid || !AppendDigits(wei, whole) || !AppendDigits(wei, fraction)) {
    return absl::InvalidArgumentError(
        absl::StrCat("amount is \"", text.substr(0, 80),
                     "\", expected a number such as 12.5 with at most 18 digits after the point"));
  }
  return FromLimbs(wei);
}

}  // namespace kaisar
