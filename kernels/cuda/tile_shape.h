#pragma once

#include <cstdint>

#include "kernels/cuda/host_device.h"
#include "kernels/cuda/mma_fragments.h"

namespace kaisar::kernels {

// A block computes one tile of the next state at a time: kRows × kColumns elements, from kRows rows
// of W and kColumns rows of Z. It reads these rows slice by slice, kSliceBytes of each at a time,
// into stages, rooms in shared memory that are filled ahead of the products. A warp computes
// kWarpSide × kWarpSide elements: 4 × 8 products a step, 128 sums a lane.

/// What a slice has of each row: two steps, four chunks.
inline constexpr std::uint32_t kSliceBytes = 64;
inline constexpr std::uint32_t kStepsOfSlice = kSliceBytes / kStepBytes;
inline constexpr std::uint32_t kChunksOfSlice = kSliceBytes / kChunkBytes;

inline constexpr std::uint32_t kWarpSide = 64;
inline constexpr std::uint32_t kProductsDown = kWarpSide / 16;
inline constexpr std::uint32_t kProductsAcross = kWarpSide / 8;

/// `architecture` is 10 · major + minor of the code that runs: __CUDA_ARCH__ / 10.
///
/// Result: stages of 16 KiB that fit twice, with 1 KiB a block for the system from Ampere on.
/// Turing
///         has 64 KiB; 8.6, 8.9 and 12.x have 100 KiB; 8.0, 8.7, 9.0 and 10.x have 164 KiB and
///         more.
KAISAR_HOST_DEVICE constexpr std::uint32_t StagesOf(std::uint32_t architecture) {
  if (architecture < 80) return 2;
  const bool small = architecture == 86 || architecture == 89 || architecture >= 120;
  return small ? 3 : 4;
}

template <std::uint32_t kArchitecture>
struct TileShape {
  static constexpr std::uint32_t kWarpsDown = 2;
  static constexpr std::uint32_t kWarpsAcross = 2;
  static constexpr std::uint32_t kStages = StagesOf(kArchitecture);
  /// Blocks on a multiprocessor at once: one computes while the other begins or ends.
  static constexpr std::uint32_t kBlocks = 2;

  static constexpr std::uint32_t kThreads = kLanes * kWarpsDown * kWarpsAcross;
  static constexpr std::uint32_t kRows = kWarpSide * kWarpsDown;
  static constexpr std::uint32_t kColumns = kWarpSide * kWarpsAcross;
  /// A stage: kRows rows of W, then kColumns rows of Z.
  static constexpr std::uint32_t kStageBytes = kSliceBytes * (kRows + kColumns);
  static constexpr std::uint32_t kSharedBytes = kStages * kStageBytes;
};

/// A place in rows of W and rows of Z, or in tiles.
struct TilePlace {
  std::uint32_t down = 0;
  std::uint32_t across = 0;
};

/// How to launch a kernel whose code was compiled for an architecture.
struct TileLaunch {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::uint32_t threads = 0;
  std::uint32_t shared_bytes = 0;
};

template <std::uint32_t kArchitecture>
constexpr TileLaunch TileLaunchOf() {
  using Shape = TileShape<kArchitecture>;
  return {Shape::kRows, Shape::kColumns, Shape::kThreads, Shape::kSharedBytes};
}

/// Architectures are alike when they have as many stages.
constexpr TileLaunch TileLaunchOf(std::uint32_t architecture) {
  if (architecture < 80) return TileLaunchOf<75>();
  return StagesOf(architecture) == StagesOf(86) ? TileLaunchOf<86>() : TileLaunchOf<80>();
}

}  // namespace kaisar::kernels
