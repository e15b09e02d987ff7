#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "kernels/element_of_sum.h"  // ElementFromSum, which the GPU shares

namespace kaisar::kernels {

/// The exact sum of products of two rows of equal length, at most 32768.
///
/// Cost: under 1 µs at 8192 elements with AVX2.
std::int32_t DotProduct(absl::Span<const std::int8_t> a, absl::Span<const std::int8_t> b);

}  // namespace kaisar::kernels
