#pragma once

#include <cstdint>

#include "kernels/cuda/host_device.h"
#include "kernels/cuda/mma_fragments.h"
#include "kernels/cuda/tile_shape.h"

namespace kaisar::kernels {

/// Where a stage keeps a chunk of a slice. Two rows of 64 bytes share the 128 bytes of all banks;
/// the chunks of each pair of rows are exchanged so that any 8 rows that begin at a multiple of 8
/// have their chunk `chunk` in 8 different places of those 128 bytes.
///
/// Result: bytes from the beginning of the operand in its stage.
KAISAR_HOST_DEVICE constexpr std::uint32_t StageOffset(std::uint32_t row, std::uint32_t chunk) {
  return row * kSliceBytes + (chunk ^ (row / 2 % kChunksOfSlice)) * kChunkBytes;
}

/// The row and the chunk that a thread copies first; four threads side by side read the 64 bytes of
/// a row. Then it copies the same chunk of the row CopyRowStep further on, W's rows and Z's alike.
KAISAR_HOST_DEVICE constexpr ChunkPlace CopyOf(std::uint32_t thread) {
  return {thread / kChunksOfSlice, thread % kChunksOfSlice};
}

/// Result: a multiple of 8, so that chunks are exchanged alike in all of a thread's rows.
template <typename Shape>
KAISAR_HOST_DEVICE constexpr std::uint32_t CopyRowStep() {
  constexpr std::uint32_t kStep = Shape::kThreads / kChunksOfSlice;
  static_assert(kStep % 8 == 0 && Shape::kRows % kStep == 0 && Shape::kColumns % kStep == 0);
  return kStep;
}

/// The first row of W and the first row of Z of a warp, within the tile.
template <typename Shape>
KAISAR_HOST_DEVICE constexpr TilePlace WarpOf(std::uint32_t thread) {
  const std::uint32_t warp = thread / kLanes;
  return {kWarpSide * (warp / Shape::kWarpsAcross), kWarpSide * (warp % Shape::kWarpsAcross)};
}

/// What a thread points ldmatrix at, in step 0, for the first 16 rows of W of its warp. The next 16
/// rows are 16 · kSliceBytes further on.
template <typename Shape>
KAISAR_HOST_DEVICE constexpr std::uint32_t OffsetOfW(std::uint32_t thread) {
  const ChunkPlace place = ChunkOfW(thread % kLanes);
  return StageOffset(WarpOf<Shape>(thread).down + place.row, place.chunk);
}

/// The same for Z, which lies behind W.
template <typename Shape>
KAISAR_HOST_DEVICE constexpr std::uint32_t OffsetOfZ(std::uint32_t thread) {
  const ChunkPlace place = ChunkOfZ(thread % kLanes);
  return StageOffset(Shape::kRows + WarpOf<Shape>(thread).across + place.row, place.chunk);
}

/// The same in another step: its chunks are 2 further on, which is one bit of the address. An
/// address in a stage that begins at a multiple of 64 may stand for the offset.
KAISAR_HOST_DEVICE constexpr std::uint32_t InStep(std::uint32_t offset, std::uint32_t step) {
  return offset ^ step * kStepBytes;
}

}  // namespace kaisar::kernels
