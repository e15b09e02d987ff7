#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/mma_tile.h"
#include "kernels/cuda/tile_raster.h"
#include "kernels/cuda/tile_shape.h"

// What the kernels of a round with mma.sync share: which tile a block has, and how they are
// launched. For nvcc only.

namespace kaisar::kernels {

#ifdef __CUDA_ARCH__
using RoundShape = TileShape<__CUDA_ARCH__ / 10>;
#else
using RoundShape = TileShape<80>;  // kernels have no code for the host
#endif

/// One thread of a block asks whether the round is to be dropped.
__device__ __forceinline__ bool ReadStop(const RoundArguments& round) {
  return threadIdx.x == 0 && round.stop != nullptr && *round.stop != 0;
}

/// The tile of a block.
class RoundTile {
 public:
  __device__ RoundTile(const RoundArguments& round, std::uint32_t index) {
    const TilePlace place =
        TileOf(index, round.n / RoundShape::kRows, round.n / RoundShape::kColumns);
    row_ = place.down * RoundShape::kRows;
    column_ = place.across * RoundShape::kColumns;
  }

  /// Its rows of W and Z. `row_bytes` is n times the size of what they hold.
  __device__ TileOperands Operands(const void* w, const void* z, std::uint32_t row_bytes) const {
    const std::size_t bytes = row_bytes;
    return {static_cast<const std::uint8_t*>(w) + row_ * bytes,
            static_cast<const std::uint8_t*>(z) + column_ * bytes, row_bytes};
  }

  /// The first element of this thread's warp.
  __device__ std::int8_t* WarpElements(const RoundArguments& round) const {
    const TilePlace warp = WarpOf<RoundShape>(threadIdx.x);
    return round.next + std::size_t{row_ + warp.down} * round.n + column_ + warp.across;
  }

 private:
  std::uint32_t row_ = 0;
  std::uint32_t column_ = 0;
};

/// Launches a kernel with a block for each tile, with the shape that its code was compiled for.
template <typename... Parameters, typename... Arguments>
cudaError_t LaunchRound(void (*kernel)(Parameters...), std::uint32_t n, cudaStream_t stream,
                        const Arguments&... arguments) {
  cudaFuncAttributes attributes;
  cudaError_t error = cudaFuncGetAttributes(&attributes, kernel);
  if (error != cudaSuccess) return error;
  const TileLaunch shape = TileLaunchOf(static_cast<std::uint32_t>(attributes.ptxVersion));
  error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shape.shared_bytes));
  if (error != cudaSuccess) return error;
  // Or the driver may leave room for one block only.
  error = cudaFuncSetAttribute(kernel, cudaFuncAttributePreferredSharedMemoryCarveout,
                               cudaSharedmemCarveoutMaxShared);
  if (error != cudaSuccess) return error;
  const std::uint32_t tiles = n / shape.rows * (n / shape.columns);
  kernel<<<tiles, shape.threads, shape.shared_bytes, stream>>>(arguments...);
  return cudaGetLastError();
}

}  // namespace kaisar::kernels
