#include "audit/soundness.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace kaisar::audit {
namespace {

constexpr double kWhole = 1e6;
/// A guess of one byte is wrong in 255 of 256 cases.
constexpr double kWrongGuess = 255.0 / 256;
/// Below this, percents have too many zeros.
constexpr double kLeastPercent = 1e-4;
/// Near the smallest double.
constexpr double kLeastShown = 1e-300;

std::string Superscript(int number) {
  static constexpr const char* kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text;
  for (const char digit : absl::StrCat(number)) absl::StrAppend(&text, kDigits[digit - '0']);
  return text;
}

}  // namespace

double ChanceUnseen(std::uint32_t skipped_ppm, std::uint64_t samples) {
  return std::exp(static_cast<double>(samples) * std::log1p(-kWrongGuess * skipped_ppm / kWhole));
}

std::string FormatChance(double chance) {
  if (chance >= 0.1) return absl::StrFormat("%.3g %%", chance * 100);
  if (chance >= kLeastPercent) return absl::StrFormat("%.2g %%", chance * 100);
  if (chance < kLeastShown) return "below 10⁻³⁰⁰";
  int exponent = static_cast<int>(std::floor(std::log10(chance)));
  double digit = std::round(chance / std::pow(10, exponent));
  if (digit >= 10) {
    digit = 1;
    ++exponent;
  }
  return absl::StrFormat("%d·10⁻%s", static_cast<int>(digit), Superscript(-exponent));
}

}  // namespace kaisar::audit
