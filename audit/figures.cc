#include "audit/figures.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace kaisar::audit {
namespace {

/// `value` thousandths of a unit, with three digits: 1.23, 12.3, 123.
std::string ThreeDigits(std::uint64_t thousandths, const std::string& unit) {
  const std::uint64_t whole = thousandths / 1000;
  const std::uint64_t rest = thousandths % 1000;
  if (whole >= 100) return absl::StrFormat("%d %s", whole, unit);
  if (whole >= 10) return absl::StrFormat("%d.%d %s", whole, rest / 100, unit);
  return absl::StrFormat("%d.%02d %s", whole, rest / 10, unit);
}

/// With the largest of the prefixes that leaves a whole unit, powers of 1000.
std::string WithPrefix(std::uint64_t value, const char* unit) {
  static constexpr const char* kPrefixes[] = {"k", "M", "G", "T", "P"};
  if (value < 1000) return absl::StrCat(value, " ", unit);
  std::uint64_t thousandths = value;
  std::size_t prefix = 0;
  while (thousandths >= 1'000'000 && prefix + 1 < std::size(kPrefixes)) {
    thousandths /= 1000;
    ++prefix;
  }
  return ThreeDigits(thousandths, absl::StrCat(kPrefixes[prefix], unit));
}

}  // namespace

std::string FormatRate(std::uint64_t ops_per_second) {
  return WithPrefix(ops_per_second, "op/s");
}

std::string FormatBitRate(std::uint64_t bits_per_second) {
  return WithPrefix(bits_per_second, "bit/s");
}

std::string FormatShare(std::uint32_t ppm) {
  return absl::StrFormat("%d.%d %%", ppm / 10'000, ppm % 10'000 / 1000);
}

std::string FormatMicroseconds(std::uint64_t us) {
  if (us < 1000) return absl::StrCat(us, " us");
  if (us < 1'000'000) return ThreeDigits(us, "ms");
  return ThreeDigits(us / 1000, "s");
}

std::string FormatDuration(std::uint64_t ms) {
  const std::uint64_t s = ms / 1000;
  if (s < 60) return absl::StrCat(s, " s");
  if (s < 3600) return absl::StrFormat("%d:%02d", s / 60, s % 60);
  return absl::StrFormat("%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace kaisar::audit
