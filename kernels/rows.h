#pragma once

#include <cstdint>

#include "absl/types/span.h"
#include "base/bytes.h"

namespace kaisar::kernels {

/// Which input matrix a row belongs to; the first word of the nonce.
enum class Matrix : std::uint32_t { kW = 0, kZ0 = 1 };

/// Generates rows first_row … of an input matrix; out.size() must be a multiple of n.
///
/// Shapes: out is rows × n, row-major.
/// Source: docs/protocol.md, Matmul, Inputs.
void GenerateRows(const Digest& seed, Matrix matrix, std::uint64_t first_row, std::uint32_t n,
                  absl::Span<std::int8_t> out);

}  // namespace kaisar::kernels
