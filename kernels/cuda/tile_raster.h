#pragma once

#include <cstdint>

#include "kernels/cuda/host_device.h"
#include "kernels/cuda/tile_shape.h"

namespace kaisar::kernels {

/// Which tile a block computes, in tiles. They go down in bands of `most_band` rows of tiles, and
/// one column after the other within a band, so that blocks that run at one time share rows of W
/// and Z in the L2 cache: 16×16 tiles under way need 32 rows of tiles, 256 in a line would need
/// 257. From 80 (T4) to 296 (B200) blocks run at one time.
///
/// Shapes: `down` tiles from top to bottom, a power of two, as is `most_band`; index 0 … down ·
///         across - 1.
KAISAR_HOST_DEVICE constexpr TilePlace TileOf(std::uint32_t index, std::uint32_t down,
                                              std::uint32_t across, std::uint32_t most_band = 16) {
  const std::uint32_t band = down < most_band ? down : most_band;
  const std::uint32_t of_band = band * across;
  return {index / of_band * band + index % band, index % of_band / band};
}

}  // namespace kaisar::kernels
