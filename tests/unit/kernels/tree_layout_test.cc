#include "kernels/cuda/tree_layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "base/sha256.h"
#include "kernels/cuda/warp_staging.h"
#include "kernels/merkle_tree.h"

namespace kaisar::kernels {
namespace {

// SMs of a small card, T4, A100, H100, B200, and more than there are blocks to give them.
constexpr std::uint32_t kProcessors[] = {1, 20, 40, 108, 132, 148, 5000};

std::vector<std::int8_t> RandomState(std::uint32_t n) {
  std::mt19937_64 random(n);
  std::vector<std::int8_t> state(std::size_t{n} * n);
  for (std::int8_t& element : state) element = static_cast<std::int8_t>(random());
  return state;
}

ByteView BytesAt(const std::vector<std::int8_t>& state, std::size_t first, std::size_t count) {
  return ByteView(reinterpret_cast<const std::uint8_t*>(state.data()) + first, count);
}

// Calls write(level, index) for every inner node in the order of kernels/cuda/tree.cu: launch by
// launch, block by block, step by step, thread by thread.
template <typename Write>
void ReduceInBlocks(std::uint32_t leaves, std::uint32_t processors, const Write& write) {
  for (std::uint32_t level = 0; level < RootLevel(leaves);) {
    const Reduction reduction = ReductionFrom(leaves, level, processors);
    ASSERT_GT(LevelAfter(reduction), level);
    ASSERT_LE(reduction.blocks, processors);
    ASSERT_EQ(reduction.blocks * reduction.group, leaves >> level);
    for (std::uint32_t block = 0; block < reduction.blocks; ++block) {
      for (std::uint32_t i = 1; reduction.group >> i > 0; ++i) {
        const ReductionStep step = StepOf(reduction, block, i);
        for (std::uint32_t thread = 0; thread < kTreeThreads; ++thread) {
          for (std::uint32_t k = thread; k < step.nodes; k += kTreeThreads) {
            write(step.level, step.first + k);
          }
        }
      }
    }
    level = LevelAfter(reduction);
  }
}

// One leaf's bytes as its thread finds them in shared memory, after all lanes have carried.
Bytes LeafThroughStaging(const std::vector<std::int8_t>& state, std::uint32_t leaf_bytes,
                         std::uint32_t first, std::uint32_t of_lane) {
  Bytes leaf;
  for (std::uint32_t at = 0; at < leaf_bytes; at += 64) {
    std::vector<ByteView> shared(kStagedChunks);
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
      for (std::uint32_t i = 0; i < 4; ++i) {
        const StagedChunk carried = CarriedChunk(lane, i);
        shared[StagedAt(carried)] = BytesAt(
            state,
            std::size_t{first} * leaf_bytes + at + carried.lane * leaf_bytes + carried.chunk * 16,
            16);
      }
    }
    for (std::uint32_t i = 0; i < 4; ++i) Append(leaf, shared[StagedAt({of_lane, i})]);
  }
  return leaf;
}

// The array of digests as the GPU leaves it.
std::vector<Digest> DigestsInBlocks(const std::vector<std::int8_t>& state, std::uint32_t n,
                                    std::uint32_t processors) {
  const std::uint32_t leaves = LeavesOf(n);
  std::vector<Digest> digests(2 * leaves - 1);
  const std::uint32_t blocks = std::min(leaves / kTreeThreads, processors);
  for (std::uint32_t block = 0; block < blocks; ++block) {
    for (std::uint32_t first = block * kTreeThreads; first < leaves;
         first += blocks * kTreeThreads) {
      for (std::uint32_t i = 0; i < kTreeThreads; ++i) {
        digests[first + i] =
            Sha256(BytesAt(state, std::size_t{first + i} * LeafBytes(n), LeafBytes(n)));
      }
    }
  }
  ReduceInBlocks(leaves, processors, [&](std::uint32_t level, std::uint32_t index) {
    const std::uint32_t children = DigestPlace(leaves, level - 1, 2 * index);
    digests[DigestPlace(leaves, level, index)] = Sha256(digests[children], digests[children + 1]);
  });
  return digests;
}

TEST(TreeLayout, HasTheLeavesOfTheProtocol) {
  for (std::uint32_t n = 256; n <= 32768; n *= 2) {
    EXPECT_EQ(LeafBytes(n), SegmentBytes(n));
    EXPECT_EQ(std::size_t{LeavesOf(n)} * LeafBytes(n), std::size_t{n} * n);
    EXPECT_EQ(LeavesOf(n) % kTreeThreads, 0U);  // no thread without a leaf
  }
}

TEST(TreeLayout, GivesEveryLaneItsOwnLeaf) {
  const std::vector<std::int8_t> state = RandomState(512);
  for (const std::uint32_t first : {0U, 32U, 480U}) {
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
      EXPECT_EQ(LeafThroughStaging(state, 512, first, lane),
                Bytes(BytesAt(state, std::size_t{first + lane} * 512, 512).begin(),
                      BytesAt(state, std::size_t{first + lane} * 512, 512).end()));
    }
  }
}

TEST(TreeLayout, LeadsToTheCpusRootHoweverManyProcessorsThereAre) {
  for (const std::uint32_t n : {256U, 512U, 1024U, 2048U}) {
    const std::vector<std::int8_t> state = RandomState(n);
    const Digest root = MerkleTree::Build(state, n, 1).root();
    for (const std::uint32_t processors : kProcessors) {
      const std::vector<Digest> digests = DigestsInBlocks(state, n, processors);
      EXPECT_EQ(digests.back(), root) << n << ", " << processors;
      EXPECT_EQ(digests[DigestPlace(LeavesOf(n), RootLevel(LeavesOf(n)), 0)], root);
    }
  }
}

TEST(TreeLayout, FindsTheCpusPathsAndSpans) {
  for (const std::uint32_t n : {256U, 1024U, 2048U}) {
    const std::vector<std::int8_t> state = RandomState(n);
    const MerkleTree tree = MerkleTree::Build(state, n, 1);
    const std::vector<Digest> digests = DigestsInBlocks(state, n, 132);
    const std::uint32_t leaves = LeavesOf(n), root_level = RootLevel(leaves);
    for (std::uint32_t level = 0; level < root_level; ++level) {
      for (const std::uint32_t index : {0U, 1U, (leaves >> level) / 3, (leaves >> level) - 1}) {
        Bytes path;
        for (std::uint32_t step = 0; step < root_level - level; ++step) {
          Append(path, digests[SiblingPlace(leaves, level, index, step)]);
        }
        EXPECT_EQ(path, tree.Path(level, index)) << n << ", " << level << ", " << index;
      }
    }
    EXPECT_EQ(SpanOf(n, 0, 3).first, std::size_t{3} * LeafBytes(n));
    EXPECT_EQ(SpanOf(n, root_level, 0).bytes, state.size());
  }
}

TEST(TreeLayout, ComputesEveryNodeOnceAndAfterItsChildren) {
  for (const std::uint32_t n : {4096U, 8192U, 16384U, 32768U}) {
    const std::uint32_t leaves = LeavesOf(n);
    for (const std::uint32_t processors : kProcessors) {
      std::vector<std::uint8_t> times(2 * std::size_t{leaves} - 1);
      std::fill_n(times.begin(), leaves, std::uint8_t{1});
      std::size_t early = 0;
      ReduceInBlocks(leaves, processors, [&](std::uint32_t level, std::uint32_t index) {
        const std::uint32_t children = DigestPlace(leaves, level - 1, 2 * index);
        if (times[children] != 1 || times[children + 1] != 1) ++early;
        ++times[DigestPlace(leaves, level, index)];
      });
      EXPECT_EQ(early, 0U) << n << ", " << processors;
      EXPECT_TRUE(std::all_of(times.begin(), times.end(), [](int t) { return t == 1; }));
    }
  }
}

TEST(TreeLayout, TakesTwoLaunchesAboveTheLeavesOfALargeState) {
  const Reduction first = ReductionFrom(65536, 0, 132);
  EXPECT_EQ(first.blocks, 128U);
  EXPECT_EQ(first.group, 512U);
  const Reduction second = ReductionFrom(65536, LevelAfter(first), 132);
  EXPECT_EQ(second.blocks, 1U);
  EXPECT_EQ(LevelAfter(second), RootLevel(65536));
}

}  // namespace
}  // namespace kaisar::kernels
