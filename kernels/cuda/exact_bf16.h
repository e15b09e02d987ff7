#pragma once

#include <cstdint>

#include "kernels/cuda/host_device.h"
#include "kernels/cuda/tile_shape.h"

namespace kaisar::kernels {

// When a sum of products in fp32 is the exact integer. See
// docs/decisions/0021-bf16-is-exact-or-done-again.md.

/// An element as bf16, the upper half of an fp32: exact, for its eight significant bits are enough.
KAISAR_HOST_DEVICE constexpr std::uint16_t Bf16Of(std::int8_t element) {
  return static_cast<std::uint16_t>(
      __builtin_bit_cast(std::uint32_t, static_cast<float>(element)) >> 16);
}

/// Every integer of at most this size is an fp32.
inline constexpr std::uint32_t kLargestExact = 1U << 24;
/// (-128)²: what one product adds at most.
inline constexpr std::uint32_t kLargestProduct = 1U << 14;

/// Sums are looked at after every so many elements of k. The more, the cheaper; but 1024 would
/// leave nothing for the sums themselves, and half of 2^24 is 8.5 standard deviations of a sum of
/// 32768 products of random elements.
inline constexpr std::uint32_t kElementsBetweenLooks = 512;
/// A sum of at most this size is exact, if it was exact and of at most this size at the look
/// before; and stays exact until the next look: no partial sum on the way is larger than
/// kLargestExact, in whatever order the products are added.
inline constexpr std::uint32_t kLargestAtLook =
    kLargestExact - kElementsBetweenLooks * kLargestProduct;
static_assert(kLargestAtLook == 1U << 23);

/// Tells whether the sums are to be looked at after a slice of bf16. Not after the last: nothing is
/// added any more.
KAISAR_HOST_DEVICE constexpr bool LooksAfter(std::uint32_t slice, std::uint32_t slices) {
  constexpr std::uint32_t kSlices = kElementsBetweenLooks * 2 / kSliceBytes;
  return (slice + 1) % kSlices == 0 && slice + 1 != slices;
}

}  // namespace kaisar::kernels
