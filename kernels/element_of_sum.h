#pragma once

#include <cstdint>

#include "kernels/cuda/host_device.h"

namespace kaisar::kernels {

/// The prime next to 2^32 divided by the golden ratio: the top byte of a product with it depends on
/// every bit of the other factor.
///
/// Source: docs/protocol.md, Matmul, Work; multiplicative hashing after Knuth, TAOCP 3, 6.4.
inline constexpr std::uint32_t kElementMultiplier = 0x9E3779B1;
static_assert(kElementMultiplier == 2654435761U);

/// The element of the next state that an exact sum of products becomes.
KAISAR_HOST_DEVICE constexpr std::int8_t ElementFromSum(std::int32_t sum) {
  return static_cast<std::int8_t>((static_cast<std::uint32_t>(sum) * kElementMultiplier) >> 24);
}
static_assert(ElementFromSum(1) == static_cast<std::int8_t>(0x9E));

}  // namespace kaisar::kernels
