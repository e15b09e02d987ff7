#pragma once

#include <cstdint>
#include <limits>

namespace kaisar::audit {

/// The sum, or the largest number where it is more: times from a hostile log must not wrap.
inline std::uint64_t AddUpTo(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  return a > kMost - b ? kMost : a + b;
}

}  // namespace kaisar::audit
