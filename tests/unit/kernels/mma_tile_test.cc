// One block of the mma paths, thread by thread, with the index functions that the kernels use.

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "kernels/cuda/quad_transpose.h"
#include "kernels/cuda/stage_layout.h"
#include "kernels/cuda/tile_raster.h"
#include "kernels/cuda/tile_shape.h"
#include "kernels/element_of_sum.h"
#include "tests/unit/kernels/emulated_warp.h"

namespace kaisar::kernels {
namespace {

constexpr std::uint32_t kSize = 256;  // n; a row is four slices

std::vector<std::int8_t> RandomMatrix(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::int8_t> matrix(kSize * kSize);
  for (std::int8_t& element : matrix) element = static_cast<std::int8_t>(random());
  return matrix;
}

// What __shfl_xor_sync does: all lanes give before any gets.
void Transpose(std::vector<QuadWords>& quads) {
  for (const std::uint32_t bit : {1U, 2U}) {
    std::uint32_t given[kLanes][2];
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
      QuadWords before = quads[lane];
      ExchangeWords(before, lane, bit, [&](std::uint32_t pair, std::uint32_t word) {
        given[lane][pair] = word;
        return 0U;
      });
    }
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
      ExchangeWords(quads[lane], lane, bit,
                    [&](std::uint32_t pair, std::uint32_t) { return given[lane ^ bit][pair]; });
    }
  }
}

template <std::uint32_t kArchitecture>
class EmulatedBlock {
 public:
  using Shape = TileShape<kArchitecture>;

  EmulatedBlock(const std::vector<std::int8_t>& w, const std::vector<std::int8_t>& z,
                TilePlace tile)
      : w_(w), z_(z), row_(tile.down * Shape::kRows), column_(tile.across * Shape::kColumns) {}

  void Run(std::vector<std::int8_t>& next, std::vector<int>& stored) {
    for (std::uint32_t slice = 0; slice < kSize / kSliceBytes; ++slice) {
      stage_.assign(Shape::kStageBytes, 0xEE);
      for (std::uint32_t thread = 0; thread < Shape::kThreads; ++thread) Copy(thread, slice);
      for (std::uint32_t step = 0; step < kStepsOfSlice; ++step) {
        for (std::uint32_t warp = 0; warp < kWarps; ++warp) Multiply(warp, step);
      }
    }
    for (std::uint32_t warp = 0; warp < kWarps; ++warp) Store(warp, next, stored);
  }

 private:
  static constexpr std::uint32_t kWarps = Shape::kThreads / kLanes;

  void Copy(std::uint32_t thread, std::uint32_t slice) {
    const ChunkPlace place = CopyOf(thread);
    const std::uint32_t byte = slice * kSliceBytes + place.chunk * kChunkBytes;
    for (std::uint32_t down = 0; down < Shape::kRows + Shape::kColumns;
         down += CopyRowStep<Shape>()) {
      const std::uint32_t row = place.row + down;
      const std::int8_t* from = row < Shape::kRows
                                    ? &w_[(row_ + row) * kSize + byte]
                                    : &z_[(column_ + row - Shape::kRows) * kSize + byte];
      // As the kernel does it: an offset once, and then so many bytes a row.
      std::memcpy(&stage_[StageOffset(place.row, place.chunk) + down * kSliceBytes], from,
                  kChunkBytes);
    }
  }

  void Multiply(std::uint32_t warp, std::uint32_t step) {
    const auto load = [&](std::uint32_t (*offset_of)(std::uint32_t), std::uint32_t rows) {
      return LoadSquares([&](std::uint32_t lane) {
        return &stage_[InStep(offset_of(warp * kLanes + lane), step) + rows * kSliceBytes];
      });
    };
    for (std::uint32_t i = 0; i < kProductsDown; ++i) {
      const WarpRegisters w = load(OffsetOfW<Shape>, 16 * i);
      for (std::uint32_t j = 0; j < kProductsAcross; ++j) {
        const WarpRegisters z = load(OffsetOfZ<Shape>, 16 * (j / 2));
        if (kArchitecture < 80) {
          MultiplyInQuarters(w, z, j % 2, sums_[warp][i][j]);
        } else {
          MultiplyWhole(w, z, j % 2, sums_[warp][i][j]);
        }
      }
    }
  }

  void Store(std::uint32_t warp, std::vector<std::int8_t>& next, std::vector<int>& stored) {
    const TilePlace place = WarpOf<Shape>(warp * kLanes);
    for (std::uint32_t i = 0; i < kProductsDown; ++i) {
      for (std::uint32_t index = 0; index < 4; index += 2) {
        std::vector<QuadWords> quads;
        for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
          std::int32_t products[kProductsAcross][4];
          for (std::uint32_t j = 0; j < kProductsAcross; ++j) {
            std::memcpy(products[j], sums_[warp][i][j][lane].data(), sizeof products[j]);
          }
          quads.push_back(PackRow(products, index, [](std::int32_t sum) -> std::uint32_t {
            return static_cast<std::uint8_t>(ElementFromSum(sum));
          }));
        }
        Transpose(quads);
        for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
          const QuadWords quad = OrderColumns(quads[lane]);
          const std::uint32_t row = row_ + place.down + 16 * i + PlaceInSums(lane, index).row;
          const std::uint32_t first = row * kSize + column_ + place.across + StoredColumn(lane);
          std::memcpy(&next[first], quad.words, sizeof quad.words);
          for (std::uint32_t c = 0; c < sizeof quad.words; ++c) ++stored[first + c];
        }
      }
    }
  }

  const std::vector<std::int8_t>& w_;
  const std::vector<std::int8_t>& z_;
  const std::uint32_t row_;
  const std::uint32_t column_;
  std::vector<std::uint8_t> stage_;
  WarpSums32 sums_[kWarps][kProductsDown][kProductsAcross] = {};
};

template <std::uint32_t kArchitecture>
void ExpectOneRoundIsExact() {
  using Shape = TileShape<kArchitecture>;
  const std::vector<std::int8_t> w = RandomMatrix(7), z = RandomMatrix(8);
  std::vector<std::int8_t> next(kSize * kSize);
  std::vector<int> stored(kSize * kSize);
  const std::uint32_t down = kSize / Shape::kRows, across = kSize / Shape::kColumns;
  for (std::uint32_t index = 0; index < down * across; ++index) {
    EmulatedBlock<kArchitecture>(w, z, TileOf(index, down, across)).Run(next, stored);
  }
  EXPECT_EQ(stored, std::vector<int>(kSize * kSize, 1));
  for (std::uint32_t r = 0; r < kSize; ++r) {
    for (std::uint32_t c = 0; c < kSize; ++c) {
      std::int32_t sum = 0;
      for (std::uint32_t k = 0; k < kSize; ++k) sum += w[r * kSize + k] * z[c * kSize + k];
      ASSERT_EQ(next[r * kSize + c], ElementFromSum(sum)) << r << ", " << c;
    }
  }
}

TEST(MmaTile, ARoundOfEmulatedBlocksIsExactAsOnTuring) {
  ExpectOneRoundIsExact<75>();
}

TEST(MmaTile, ARoundOfEmulatedBlocksIsExactAsOnAmpereAndLater) {
  ExpectOneRoundIsExact<80>();
  ExpectOneRoundIsExact<86>();
}

TEST(QuadTranspose, GivesEachLaneSixteenColumnsInARow) {
  // Column c holds c: before, as the products leave them.
  std::vector<QuadWords> quads(kLanes);
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    for (std::uint32_t p = 0; p < 4; ++p) {
      const std::uint32_t column = 16 * p + 2 * MemberOf(lane);
      quads[lane].words[p] = column | (column + 1) << 8 | (column + 8) << 16 | (column + 9) << 24;
    }
  }
  Transpose(quads);
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    const QuadWords quad = OrderColumns(quads[lane]);
    for (std::uint32_t i = 0; i < 16; ++i) {
      EXPECT_EQ(quad.words[i / 4] >> (8 * (i % 4)) & 0xFF, StoredColumn(lane) + i);
    }
  }
}

}  // namespace
}  // namespace kaisar::kernels
