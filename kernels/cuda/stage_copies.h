#pragma once

#include <cstdint>

#include "kernels/cuda/mma_instructions.h"
#include "kernels/cuda/stage_layout.h"
#include "kernels/cuda/tile_shape.h"

namespace kaisar::kernels {

/// The operands of a tile: kRows rows of W and kColumns rows of Z, `row_bytes` long. For nvcc only.
struct TileOperands {
  const std::uint8_t* w = nullptr;
  const std::uint8_t* z = nullptr;
  std::uint32_t row_bytes = 0;
};

/// What one thread copies from global memory into the stages, a slice at a time. `Begin` a slice,
/// compute something, then `Finish`, and wait for the other threads.
///
/// On Ampere and later the copies go past the registers, kStages - 1 slices ahead, and `Finish`
/// waits for the slice that is needed next. On Turing they rest in registers in between.
template <typename Shape>
class StageCopies {
 public:
  __device__ StageCopies(const TileOperands& tile, std::uint32_t shared_address)
      : slices_left_(tile.row_bytes / kSliceBytes), step_bytes_(kRowStep * tile.row_bytes) {
    const ChunkPlace place = CopyOf(threadIdx.x);
    const std::uint32_t offset = place.row * tile.row_bytes + place.chunk * kChunkBytes;
    w_ = tile.w + offset;
    z_ = tile.z + offset;
    to_ = shared_address + StageOffset(place.row, place.chunk);
  }

  /// `stage` is the stage's offset in bytes. Does nothing when all slices have been begun.
  __device__ void Begin(std::uint32_t stage) {
    begun_ = slices_left_ != 0;
#pragma unroll
    for (std::uint32_t i = 0; i < kWSteps; ++i) {
      Copy(to_ + stage + i * kStepOffset, w_ + i * step_bytes_, i);
    }
#pragma unroll
    for (std::uint32_t i = 0; i < kZSteps; ++i) {
      Copy(to_ + stage + (kWSteps + i) * kStepOffset, z_ + i * step_bytes_, kWSteps + i);
    }
    w_ += kSliceBytes;
    z_ += kSliceBytes;
    slices_left_ -= begun_ ? 1 : 0;
    CloseGroup();
  }

  /// Of the slice begun kStages - 1 slices before the one that `Begin` was last called for; `stage`
  /// as given to that call.
  __device__ void Finish(std::uint32_t stage) {
#if __CUDA_ARCH__ >= 800
    WaitForGroups<Shape::kStages - 2>();
#else
    if (!begun_) return;
#pragma unroll
    for (std::uint32_t i = 0; i < kWSteps + kZSteps; ++i) {
      asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};" ::"r"(to_ + stage + i * kStepOffset),
                   "r"(held_[i].x), "r"(held_[i].y), "r"(held_[i].z), "r"(held_[i].w)
                   : "memory");
    }
#endif
  }

 private:
  static constexpr std::uint32_t kRowStep = CopyRowStep<Shape>();
  static constexpr std::uint32_t kStepOffset = kRowStep * kSliceBytes;
  static constexpr std::uint32_t kWSteps = Shape::kRows / kRowStep;
  static constexpr std::uint32_t kZSteps = Shape::kColumns / kRowStep;

  __device__ void Copy(std::uint32_t to, const std::uint8_t* from, std::uint32_t index) {
#if __CUDA_ARCH__ >= 800
    CopyChunk(to, from, begun_);
#else
    if (begun_) held_[index] = __ldg(reinterpret_cast<const uint4*>(from));
#endif
  }

  const std::uint8_t* w_ = nullptr;
  const std::uint8_t* z_ = nullptr;
  std::uint32_t to_ = 0;
  std::uint32_t slices_left_ = 0;
  std::uint32_t step_bytes_ = 0;  // at most 64 rows of 64 KiB
  bool begun_ = false;
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ < 800
  uint4 held_[kWSteps + kZSteps];
#endif
};

}  // namespace kaisar::kernels
