#pragma once

#include <cstdint>
#include <string>

namespace kaisar::audit {

/// The shares of its work that a device may leave out, as pages show them, in parts per million.
inline constexpr std::uint32_t kShownSkips[] = {10'000, 50'000, 100'000};

/// The probability that none of `samples` finds a device out that leaves out a share of its work
/// and guesses instead: of 256 guesses one is right.
///
/// Units:  `skipped_ppm` in parts per million of the work, at most 10^6.
/// Result: (1 - skipped · 255/256)^samples, 1 without samples. For people: no score looks at it.
/// Source: docs/protocol.md, section 4, Check.
double ChanceUnseen(std::uint32_t skipped_ppm, std::uint64_t samples);

/// A probability as people read it: "52.7 %", "0.12 %", "4·10⁻⁷"; never rounded down to nothing.
std::string FormatChance(double chance);

}  // namespace kaisar::audit
