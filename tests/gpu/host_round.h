#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace kaisar::kernels {

/// A round on the CPU for any W: the kernel of the CPU's engine, on all cores.
///
/// Shapes: w, z and the result n×n, row-major.
std::vector<std::int8_t> HostRound(absl::Span<const std::int8_t> w, absl::Span<const std::int8_t> z,
                                   std::uint32_t n);

}  // namespace kaisar::kernels
