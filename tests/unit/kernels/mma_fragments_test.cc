#include "kernels/cuda/mma_fragments.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>

#include "tests/unit/kernels/emulated_warp.h"

namespace kaisar::kernels {
namespace {

// The PTX ISA's own words for mma.m16n8k32 with 8 bits, element by element: a lane holds a_0 …
// a_15, b_0 … b_7 and c_0 … c_3; four elements to a register, the first in the lowest byte.
int GroupId(int lane) {
  return lane >> 2;
}
int ThreadIdInGroup(int lane) {
  return lane % 4;
}
int RowOfA(int lane, int i) {
  return i < 4 || (i >= 8 && i < 12) ? GroupId(lane) : GroupId(lane) + 8;
}
int ColumnOfA(int lane, int i) {
  return ThreadIdInGroup(lane) * 4 + (i & 3) + (i < 8 ? 0 : 16);
}
int RowOfB(int lane, int i) {
  return ThreadIdInGroup(lane) * 4 + (i & 3) + (i < 4 ? 0 : 16);
}
int RowOfC(int lane, int i) {
  return i < 2 ? GroupId(lane) : GroupId(lane) + 8;
}
int ColumnOfC(int lane, int i) {
  return ThreadIdInGroup(lane) * 2 + (i & 1);
}

using Rows16 = std::array<std::array<std::int8_t, 32>, 16>;  // of W; the first 8, or all, of Z

Rows16 RandomRows(unsigned seed) {
  std::mt19937 random(seed);
  Rows16 rows;
  for (auto& row : rows) {
    for (std::int8_t& element : row) element = static_cast<std::int8_t>(random());
  }
  return rows;
}

std::int32_t PlainSum(const Rows16& w, int row, const Rows16& z, int column) {
  std::int32_t sum = 0;
  for (std::size_t k = 0; k < 32; ++k) {
    sum += w[static_cast<std::size_t>(row)][k] * z[static_cast<std::size_t>(column)][k];
  }
  return sum;
}

// What ldmatrix makes of rows that lie one behind the other, without an exchange of chunks.
template <typename ChunkOf>
WarpRegisters Load(const Rows16& rows, ChunkOf chunk_of) {
  return LoadSquares([&](std::uint32_t lane) {
    const ChunkPlace place = chunk_of(lane);
    return reinterpret_cast<const std::uint8_t*>(rows[place.row].data()) +
           kChunkBytes * place.chunk;
  });
}

std::int8_t ByteOf(std::uint32_t word, int index) {
  return static_cast<std::int8_t>(word >> (8 * index));
}

TEST(MmaFragments, PlacesAreThoseOfThePtxIsa) {
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    const int l = static_cast<int>(lane);
    for (std::uint32_t index = 0; index < 4; ++index) {
      const int first = static_cast<int>(4 * index), i = static_cast<int>(index);
      EXPECT_EQ(PlaceInW(lane, index).row, RowOfA(l, first));
      EXPECT_EQ(PlaceInW(lane, index).byte, ColumnOfA(l, first));
      EXPECT_EQ(PlaceInSums(lane, index).row, RowOfC(l, i));
      EXPECT_EQ(PlaceInSums(lane, index).byte, ColumnOfC(l, i));
      if (index >= 2) continue;
      EXPECT_EQ(PlaceInZ(lane, index).row, GroupId(l));
      EXPECT_EQ(PlaceInZ(lane, index).byte, RowOfB(l, first));
    }
  }
}

TEST(MmaFragments, LdmatrixFillsTheRegistersOfW) {
  const Rows16 w = RandomRows(1);
  const WarpRegisters registers = Load(w, ChunkOfW);
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 16; ++i) {
      const std::uint32_t word =
          registers[static_cast<std::size_t>(lane)][static_cast<std::size_t>(i / 4)];
      EXPECT_EQ(ByteOf(word, i % 4), w[static_cast<std::size_t>(RowOfA(lane, i))]
                                      [static_cast<std::size_t>(ColumnOfA(lane, i))]);
    }
  }
}

TEST(MmaFragments, LdmatrixFillsTheRegistersOfTwoProductsOfZ) {
  const Rows16 z = RandomRows(2);
  const WarpRegisters registers = Load(z, ChunkOfZ);
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 16; ++i) {
      const std::uint32_t word =
          registers[static_cast<std::size_t>(lane)][static_cast<std::size_t>(i / 4)];
      const int row = GroupId(lane) + 8 * (i / 8);
      EXPECT_EQ(ByteOf(word, i % 4),
                z[static_cast<std::size_t>(row)][static_cast<std::size_t>(RowOfB(lane, i % 8))]);
    }
  }
}

TEST(MmaFragments, AProductOfLoadedRegistersIsThePlainProduct) {
  const Rows16 w = RandomRows(3), z = RandomRows(4);
  const WarpRegisters in_w = Load(w, ChunkOfW), in_z = Load(z, ChunkOfZ);
  for (std::uint32_t product = 0; product < 2; ++product) {
    WarpSums32 sums = {};
    MultiplyWhole(in_w, in_z, product, sums);
    for (int lane = 0; lane < 32; ++lane) {
      for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(
            sums[static_cast<std::size_t>(lane)][static_cast<std::size_t>(i)],
            PlainSum(w, RowOfC(lane, i), z, ColumnOfC(lane, i) + 8 * static_cast<int>(product)));
      }
    }
  }
}

TEST(MmaFragments, FourProductsOfTuringAreOneOfAmpere) {
  const WarpRegisters w = Load(RandomRows(5), ChunkOfW), z = Load(RandomRows(6), ChunkOfZ);
  for (std::uint32_t product = 0; product < 2; ++product) {
    WarpSums32 whole = {}, quarters = {};
    whole[7][2] = quarters[7][2] = 12345;  // they add to what is there
    MultiplyWhole(w, z, product, whole);
    MultiplyInQuarters(w, z, product, quarters);
    EXPECT_EQ(whole, quarters);
  }
}

}  // namespace
}  // namespace kaisar::kernels
