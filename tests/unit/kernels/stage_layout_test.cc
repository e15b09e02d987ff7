#include "kernels/cuda/stage_layout.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "kernels/cuda/tile_raster.h"

namespace kaisar::kernels {
namespace {

TEST(TileShape, TwoBlocksFitInAMultiprocessor) {
  // Bytes of shared memory of a multiprocessor, and of a block at most (CUDA C++ programming guide,
  // technical specifications per compute capability).
  struct {
    std::uint32_t architecture, all, of_block, system;
  } const generations[] = {{75, 64, 64, 0},    {80, 164, 163, 1},  {86, 100, 99, 1},
                           {87, 164, 163, 1},  {89, 100, 99, 1},   {90, 228, 227, 1},
                           {100, 228, 227, 1}, {103, 228, 227, 1}, {120, 100, 99, 1}};
  for (const auto& generation : generations) {
    const TileLaunch launch = TileLaunchOf(generation.architecture);
    EXPECT_LE(2 * (launch.shared_bytes / 1024 + generation.system), generation.all)
        << generation.architecture;
    EXPECT_LE(launch.shared_bytes, 1024 * generation.of_block);
    EXPECT_LE(launch.rows, 256U) << "the smallest state";
    EXPECT_LE(launch.columns, 256U);
    // Stages are filled before the first one is read, and the smallest state has four slices.
    EXPECT_LE(launch.shared_bytes / (kSliceBytes * (launch.rows + launch.columns)), 4U);
  }
}

TEST(TileShape, IsLaunchedAsTheCodeWasCompiled) {
  const auto expect = [](TileLaunch launch, TileLaunch compiled) {
    EXPECT_EQ(launch.rows, compiled.rows);
    EXPECT_EQ(launch.columns, compiled.columns);
    EXPECT_EQ(launch.threads, compiled.threads);
    EXPECT_EQ(launch.shared_bytes, compiled.shared_bytes);
  };
  expect(TileLaunchOf(75), TileLaunchOf<75>());
  expect(TileLaunchOf(80), TileLaunchOf<80>());
  expect(TileLaunchOf(86), TileLaunchOf<86>());
  expect(TileLaunchOf(87), TileLaunchOf<87>());
  expect(TileLaunchOf(89), TileLaunchOf<89>());
  expect(TileLaunchOf(90), TileLaunchOf<90>());
  expect(TileLaunchOf(100), TileLaunchOf<100>());
  expect(TileLaunchOf(120), TileLaunchOf<120>());
}

TEST(StageLayout, EveryChunkHasAPlaceOfItsOwn) {
  std::set<std::uint32_t> offsets;
  for (std::uint32_t row = 0; row < 256; ++row) {
    for (std::uint32_t chunk = 0; chunk < kChunksOfSlice; ++chunk) {
      EXPECT_EQ(StageOffset(row, chunk) % kChunkBytes, 0U);
      offsets.insert(StageOffset(row, chunk));
    }
  }
  EXPECT_EQ(offsets.size(), 1024U);
  EXPECT_EQ(*offsets.rbegin(), 256 * kSliceBytes - kChunkBytes);
}

// 128 bytes, one of each bank; an access of eight lanes with 16 bytes each takes one turn when they
// are all in different places of it.
bool OneTurn(const std::vector<std::uint32_t>& offsets) {
  std::set<std::uint32_t> places;
  for (const std::uint32_t offset : offsets) places.insert(offset % 128);
  return offsets.size() == 8 && places.size() == 8;
}

TEST(StageLayout, LdmatrixReadsEachSquareInOneTurn) {
  using Shape = TileShape<80>;
  for (std::uint32_t step = 0; step < kStepsOfSlice; ++step) {
    for (std::uint32_t first = 0; first < Shape::kThreads; first += 8) {
      std::vector<std::uint32_t> of_w, of_z;
      for (std::uint32_t thread = first; thread < first + 8; ++thread) {
        of_w.push_back(InStep(OffsetOfW<Shape>(thread), step));
        of_z.push_back(InStep(OffsetOfZ<Shape>(thread), step));
      }
      EXPECT_TRUE(OneTurn(of_w)) << "thread " << first;
      EXPECT_TRUE(OneTurn(of_z)) << "thread " << first;
    }
  }
}

TEST(StageLayout, CopiesOfEightThreadsTakeOneTurn) {
  for (std::uint32_t first = 0; first < TileShape<80>::kThreads; first += 8) {
    std::vector<std::uint32_t> offsets;
    for (std::uint32_t thread = first; thread < first + 8; ++thread) {
      const ChunkPlace place = CopyOf(thread);
      offsets.push_back(StageOffset(place.row, place.chunk));
    }
    EXPECT_TRUE(OneTurn(offsets)) << "thread " << first;
  }
}

TEST(TileRaster, CoversEveryTileOnce) {
  for (std::uint32_t n = 256; n <= 32768; n *= 2) {
    for (const std::uint32_t rows : {128U, 256U}) {
      const std::uint32_t down = n / rows, across = n / 128;
      std::vector<bool> seen(std::size_t{down} * across);
      for (std::uint32_t index = 0; index < down * across; ++index) {
        const TilePlace place = TileOf(index, down, across);
        ASSERT_LT(place.down, down);
        ASSERT_LT(place.across, across);
        ASSERT_FALSE(seen[std::size_t{place.down} * across + place.across]) << index;
        seen[std::size_t{place.down} * across + place.across] = true;
      }
    }
  }
}

TEST(TileRaster, BlocksThatRunTogetherShareRows) {
  // 8192 elements a row, 216 blocks at once on an A100.
  std::set<std::uint32_t> down, across;
  for (std::uint32_t index = 0; index < 216; ++index) {
    down.insert(TileOf(index, 64, 64).down);
    across.insert(TileOf(index, 64, 64).across);
  }
  EXPECT_LE(down.size() + across.size(), 30U);
}

}  // namespace
}  // namespace kaisar::kernels
