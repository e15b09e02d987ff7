#pragma once

#include <cstdint>

#include "kernels/cuda/mma_instructions.h"
#include "kernels/cuda/quad_transpose.h"
#include "kernels/cuda/stage_copies.h"
#include "kernels/cuda/stage_layout.h"
#include "kernels/cuda/tile_shape.h"
#include "kernels/element_of_sum.h"

// One tile of a round with mma.sync, for int8 and bf16 alike: in bytes they are. For nvcc only.

namespace kaisar::kernels {

/// A lane's share of its warp's 64×64 sums: product (i, j) is rows 16i … of W and rows 8j … of Z.
template <typename Sum>
struct WarpSums {
  Sum of[kProductsDown][kProductsAcross][4];
};

/// A lane's registers for one step of a warp's 64 rows of W and 64 rows of Z.
struct StepFragments {
  std::uint32_t w[kProductsDown][4];
  std::uint32_t z[kProductsAcross / 2][4];  // two products' each
};

/// Reads the fragments of a warp from the stages.
template <typename Shape>
class FragmentReader {
 public:
  __device__ explicit FragmentReader(std::uint32_t shared_address)
      : w_(shared_address + OffsetOfW<Shape>(threadIdx.x)),
        z_(shared_address + OffsetOfZ<Shape>(threadIdx.x)) {}

  /// `stage` is the stage's offset in bytes.
  template <std::uint32_t kStep>
  __device__ void Read(std::uint32_t stage, StepFragments& fragments) const {
    const std::uint32_t w = InStep(w_, kStep) + stage, z = InStep(z_, kStep) + stage;
#pragma unroll
    for (std::uint32_t i = 0; i < kProductsDown; ++i) {
      LoadSquares(w + 16 * i * kSliceBytes, fragments.w[i]);
    }
#pragma unroll
    for (std::uint32_t j = 0; j < kProductsAcross / 2; ++j) {
      LoadSquares(z + 16 * j * kSliceBytes, fragments.z[j]);
    }
  }

 private:
  std::uint32_t w_;
  std::uint32_t z_;
};

template <typename Sum>
__device__ __forceinline__ void MultiplyStep(const StepFragments& fragments, WarpSums<Sum>& sums) {
#pragma unroll
  for (std::uint32_t i = 0; i < kProductsDown; ++i) {
#pragma unroll
    for (std::uint32_t j = 0; j < kProductsAcross; ++j) {
      Multiply(fragments.w[i], fragments.z[j / 2] + 2 * (j % 2), sums.of[i][j]);
    }
  }
}

/// Adds the products of all slices to `sums`. While a step is multiplied, the fragments of the next
/// one are read, and copies of slices to come are under way.
///
/// `after_slice(index, sums)` is called after each slice. Nothing is computed when `leave` is true
/// in any thread.
///
/// Result: whether it was computed; the same in all threads of the block.
template <typename Shape, typename Sum, typename AfterSlice>
__device__ __forceinline__ bool SumTile(const TileOperands& tile, std::uint8_t* shared, bool leave,
                                        WarpSums<Sum>& sums, AfterSlice after_slice) {
  StageCopies<Shape> copies(tile, SharedAddress(shared));
  const FragmentReader<Shape> reader(SharedAddress(shared));
  constexpr std::uint32_t kEnd = Shape::kSharedBytes;
  std::uint32_t read = 0, write = (Shape::kStages - 1) * Shape::kStageBytes;
  for (std::uint32_t stage = 0; stage < write; stage += Shape::kStageBytes) copies.Begin(stage);
  copies.Finish(0);
  if (__syncthreads_or(leave) != 0) {
    WaitForGroups<0>();
    return false;
  }

  StepFragments now, next;
  reader.template Read<0>(read, now);
  const std::uint32_t slices = tile.row_bytes / kSliceBytes;
#pragma unroll 1
  for (std::uint32_t slice = 0; slice < slices; ++slice) {
    reader.template Read<1>(read, next);
    // Its stage was last read before the barrier of the slice before.
    copies.Begin(write);
    MultiplyStep(now, sums);
    copies.Finish(write);
    __syncthreads();
    write = read;
    read = read + Shape::kStageBytes == kEnd ? 0 : read + Shape::kStageBytes;
    // After the last slice this reads a stage for nothing.
    reader.template Read<0>(read, now);
    MultiplyStep(next, sums);
    after_slice(slice, sums);
  }
  return true;
}

/// Stores a warp's 64×64 elements: a group of lanes stores 64 bytes of a row.
///
/// Shapes: `to` is the first of these elements, in rows of `n`. `to_integer` makes the exact int32
///         of a sum.
template <typename Sum, typename ToInteger>
__device__ __forceinline__ void StoreElements(const WarpSums<Sum>& sums, std::int8_t* to,
                                              std::uint32_t n, ToInteger to_integer) {
  const std::uint32_t lane = threadIdx.x % kLanes;
  const auto element = [&](Sum sum) -> std::uint32_t {
    return static_cast<std::uint8_t>(ElementFromSum(to_integer(sum)));
  };
#pragma unroll
  for (std::uint32_t i = 0; i < kProductsDown; ++i) {
#pragma unroll
    for (std::uint32_t index = 0; index < 4; index += 2) {
      QuadWords quad = PackRow(sums.of[i], index, element);
      ExchangeWords(quad, lane, 1, [](std::uint32_t, std::uint32_t word) {
        return __shfl_xor_sync(0xFFFFFFFF, word, 1);
      });
      ExchangeWords(quad, lane, 2, [](std::uint32_t, std::uint32_t word) {
        return __shfl_xor_sync(0xFFFFFFFF, word, 2);
      });
      quad = OrderColumns(quad);
      const std::size_t row = 16 * i + PlaceInSums(lane, index).row;
      *reinterpret_cast<uint4*>(to + row * n + StoredColumn(lane)) =
          make_uint4(quad.words[0], quad.words[1], quad.words[2], quad.words[3]);
    }
  }
}

}  // namespace kaisar::kernels
