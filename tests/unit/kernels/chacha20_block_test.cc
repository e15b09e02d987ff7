#include "kernels/cuda/chacha20_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/chacha20.h"
#include "kernels/cuda/warp_staging.h"
#include "kernels/rows.h"

namespace kaisar::kernels {
namespace {

Digest RandomSeed(std::uint32_t of) {
  std::mt19937 random(of);
  Digest seed{};
  for (std::uint8_t& byte : seed) byte = static_cast<std::uint8_t>(random());
  return seed;
}

// Writes little-endian words, as a GPU's stores do.
void Store(const std::uint32_t* words, std::size_t count, std::int8_t* to) {
  for (std::size_t i = 0; i < 4 * count; ++i) {
    to[i] = static_cast<std::int8_t>(words[i / 4] >> (8 * (i % 4)));
  }
}

TEST(ChaCha20Block, IsTheOneOfTheRfc) {
  // RFC 8439, A.1, test vectors 1 and 2: zero key, zero nonce, block counters 0 and 1.
  std::uint32_t words[16];
  ChaCha20Block(ChaCha20Key(), 0, {0, 0}, words);
  EXPECT_EQ(words[0], 0xade0b876U);
  EXPECT_EQ(words[15], 0x8665eeb2U);
  ChaCha20Block(ChaCha20Key(), 0, {0, 1}, words);
  EXPECT_EQ(words[0], 0xbee7079fU);
  EXPECT_EQ(words[15], 0x6f4d794bU);
}

TEST(ChaCha20Block, EqualsTheCpusKeystreamForRandomKeysNoncesAndCounters) {
  std::mt19937 random(1);
  for (std::uint32_t i = 0; i < 50; ++i) {
    const Digest seed = RandomSeed(i);
    const std::uint32_t tag = static_cast<std::uint32_t>(random());
    const RowBlock block{static_cast<std::uint32_t>(random()), i * 8};
    ChaCha20Keystream::Nonce nonce{};
    for (std::size_t k = 0; k < 4; ++k) {
      nonce[k] = static_cast<std::uint8_t>(tag >> (8 * k));
      nonce[4 + k] = static_cast<std::uint8_t>(block.row >> (8 * k));
    }
    std::vector<std::uint8_t> expected(64 * (block.counter + 1));
    ChaCha20Keystream(seed, nonce).Read(absl::MakeSpan(expected));
    std::uint32_t words[16];
    ChaCha20Block(ChaCha20KeyOf(seed.data()), tag, block, words);
    for (std::size_t k = 0; k < 64; ++k) {
      EXPECT_EQ(static_cast<std::uint8_t>(words[k / 4] >> (8 * (k % 4))),
                expected[64 * block.counter + k])
          << i << ", byte " << k;
    }
  }
}

// What the threads of kernels/cuda/generate.cu do, warp by warp, shared memory included.
std::vector<std::int8_t> GenerateInWarps(const Digest& seed, Matrix matrix, std::uint32_t n,
                                         std::uint32_t rows) {
  std::vector<std::int8_t> out(std::size_t{rows} * n);
  const std::uint32_t log2 = BlocksARowLog2(n);
  for (std::uint32_t first = 0; first < rows << log2; first += 32) {
    std::uint32_t shared[kStagedChunks][4] = {};
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
      std::uint32_t words[16];
      ChaCha20Block(ChaCha20KeyOf(seed.data()), static_cast<std::uint32_t>(matrix),
                    BlockInRow(first + lane, log2), words);
      for (std::uint32_t i = 0; i < 16; ++i) shared[StagedAt({lane, i / 4})][i % 4] = words[i];
    }
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
      for (std::uint32_t i = 0; i < 4; ++i) {
        const StagedChunk carried = CarriedChunk(lane, i);
        Store(shared[StagedAt(carried)], 4,
              out.data() + 16 * (std::size_t{first} * 4 + 4 * carried.lane + carried.chunk));
      }
    }
  }
  return out;
}

TEST(ChaCha20Block, MakesTheRowsOfEveryLengthWarpByWarp) {
  for (std::uint32_t n = 256; n <= 32768; n *= 2) {
    const Digest seed = RandomSeed(n);
    const std::uint32_t rows = 8;  // a warp each at n = 256
    for (const Matrix matrix : {Matrix::kW, Matrix::kZ0}) {
      std::vector<std::int8_t> expected(std::size_t{rows} * n);
      GenerateRows(seed, matrix, 0, n, absl::MakeSpan(expected));
      EXPECT_TRUE(GenerateInWarps(seed, matrix, n, rows) == expected) << n;
    }
  }
}

TEST(ChaCha20Block, CountsThroughTheLastRow) {
  const std::uint32_t log2 = BlocksARowLog2(32768);
  const RowBlock last = BlockInRow((32768U << log2) - 1, log2);
  EXPECT_EQ(last.row, 32767U);
  EXPECT_EQ(last.counter, 511U);
}

// Sixteen bytes are four of the 32 banks; eight lanes of a warp go at once.
TEST(WarpStaging, HasHardlyAnyBankConflicts) {
  for (std::uint32_t first = 0; first < 32; first += 8) {
    for (std::uint32_t i = 0; i < 4; ++i) {
      std::vector<int> own(8), carried(8);
      for (std::uint32_t lane = first; lane < first + 8; ++lane) {
        ++own[StagedAt({lane, i}) % 8];
        ++carried[StagedAt(CarriedChunk(lane, i)) % 8];
      }
      EXPECT_THAT(own, testing::Each(1)) << first << ", " << i;
      EXPECT_THAT(carried, testing::Each(testing::Le(2))) << first << ", " << i;
    }
  }
}

TEST(WarpStaging, KeepsEveryChunkApart) {
  std::vector<int> kept(kStagedChunks), carried(kStagedChunks);
  for (std::uint32_t lane = 0; lane < 32; ++lane) {
    for (std::uint32_t i = 0; i < 4; ++i) {
      ++kept.at(StagedAt({lane, i}));
      ++carried.at(StagedAt(CarriedChunk(lane, i)));
    }
  }
  EXPECT_THAT(kept, testing::Each(testing::Le(1)));
  EXPECT_EQ(kept, carried);
}

}  // namespace
}  // namespace kaisar::kernels
