#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "kernels/cuda/mma_fragments.h"

namespace kaisar::kernels {

// A warp's instructions on the host, from the PTX ISA's definitions.

using WarpRegisters = std::array<std::array<std::uint32_t, 4>, 32>;  // of each lane
using WarpSums32 = std::array<std::array<std::int32_t, 4>, 32>;

/// ldmatrix.x4: `address_of(lane)` points to 16 bytes.
template <typename AddressOf>
WarpRegisters LoadSquares(AddressOf address_of) {
  WarpRegisters registers;
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    for (std::uint32_t square = 0; square < 4; ++square) {
      const std::uint8_t* row = address_of(8 * square + lane / 4);
      std::memcpy(&registers[lane][square], row + 4 * (lane % 4), 4);
    }
  }
  return registers;
}

/// Four products of bytes.
inline std::int32_t DotOfBytes(std::uint32_t a, std::uint32_t b) {
  std::int32_t sum = 0;
  for (int i = 0; i < 32; i += 8) {
    sum += static_cast<std::int8_t>(a >> i) * static_cast<std::int8_t>(b >> i);
  }
  return sum;
}

/// mma.m16n8k32: what the lanes of a group of W and those of a group of Z hold of the same bytes is
/// multiplied. Product 0 takes registers z0, z1 of `z`; product 1 takes those behind them.
inline void MultiplyWhole(const WarpRegisters& w, const WarpRegisters& z, std::uint32_t product,
                          WarpSums32& sums) {
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    for (std::uint32_t i = 0; i < 4; ++i) {
      const std::uint32_t row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
      for (std::uint32_t k = 0; k < 32; k += 4) {
        const std::uint32_t of_w = w[4 * (row % 8) + k / 4 % 4][row / 8 + 2 * (k / 16)];
        const std::uint32_t of_z = z[4 * column + k / 4 % 4][2 * product + k / 16];
        sums[lane][i] += DotOfBytes(of_w, of_z);
      }
    }
  }
}

/// mma.m8n8k16 four times.
inline void MultiplyInQuarters(const WarpRegisters& w, const WarpRegisters& z,
                               std::uint32_t product, WarpSums32& sums) {
  for (std::uint32_t index = 0; index < 4; ++index) {
    const QuarterProduct quarter = QuarterOf(index);
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
      for (std::uint32_t i = 0; i < 2; ++i) {
        const std::uint32_t row = lane / 4, column = 2 * (lane % 4) + i;
        for (std::uint32_t member = 0; member < 4; ++member) {
          sums[lane][2 * quarter.half + i] += DotOfBytes(
              w[4 * row + member][quarter.w], z[4 * column + member][2 * product + quarter.z]);
        }
      }
    }
  }
}

}  // namespace kaisar::kernels
