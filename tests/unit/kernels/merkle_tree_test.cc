#include "kernels/merkle_tree.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/sha256.h"

namespace kaisar::kernels {
namespace {

std::vector<std::int8_t> RandomState(std::uint32_t n) {
  std::mt19937_64 random(n);
  std::vector<std::int8_t> state(std::size_t{n} * n);
  for (std::int8_t& element : state) element = static_cast<std::int8_t>(random());
  return state;
}

ByteView BytesAt(const std::vector<std::int8_t>& state, std::size_t first, std::size_t count) {
  return ByteView(reinterpret_cast<const std::uint8_t*>(state.data()) + first, count);
}

// The definition, without levels.
Digest RootOf(const std::vector<std::int8_t>& state, std::size_t segment, std::size_t first,
              std::size_t count) {
  if (count == segment) return Sha256(BytesAt(state, first, count));
  return Sha256(RootOf(state, segment, first, count / 2),
                RootOf(state, segment, first + count / 2, count / 2));
}

Digest RootOfPath(const Digest& node, std::uint64_t index, ByteView siblings) {
  return RootsOfPaths({{node, index, siblings}}).front();
}

TEST(MerkleTree, HasTheRootOfTheDefinitionForEveryThreadCount) {
  for (const std::uint32_t n : {256U, 512U, 1024U, 2048U}) {
    const std::vector<std::int8_t> state = RandomState(n);
    const Digest root = RootOf(state, SegmentBytes(n), 0, state.size());
    for (int threads = 1; threads <= 4; ++threads) {
      EXPECT_EQ(MerkleTree::Build(state, n, threads).root(), root) << n << ", " << threads;
    }
  }
}

TEST(MerkleTree, SegmentsAreAtMostARowAndAtMost1024Bytes) {
  EXPECT_EQ(SegmentBytes(256), 256U);
  EXPECT_EQ(SegmentBytes(1024), 1024U);
  EXPECT_EQ(SegmentBytes(32768), 1024U);
}

TEST(MerkleTree, PathsOfSegmentsLeadToTheRoot) {
  const std::uint32_t n = 2048;
  const std::vector<std::int8_t> state = RandomState(n);
  const MerkleTree tree = MerkleTree::Build(state, n, 2);
  for (const std::uint64_t leaf : {0U, 1U, 2U, 1023U, 2048U, 4094U, 4095U}) {
    const Bytes path = tree.Path(0, leaf);
    EXPECT_EQ(path.size(), 12U * 32);  // 4096 leaves
    const Digest hash = Sha256(BytesAt(state, leaf * 1024, 1024));
    EXPECT_EQ(RootOfPath(hash, leaf, path), tree.root());
    EXPECT_NE(RootOfPath(hash, leaf ^ 1, path), tree.root());
    EXPECT_NE(RootOfPath(hash, leaf ^ 2048, path), tree.root());
  }
}

TEST(MerkleTree, PathsOfRowsLeadToTheRoot) {
  for (const std::uint32_t n : {256U, 1024U, 2048U}) {
    const std::vector<std::int8_t> state = RandomState(n);
    const MerkleTree tree = MerkleTree::Build(state, n, 1);
    const std::uint32_t level = n == 2048 ? 1 : 0;
    for (const std::uint32_t row : {0U, 1U, n / 2, n - 1}) {
      const Digest root =
          RowRoots({absl::MakeConstSpan(state).subspan(std::size_t{row} * n, n)}).front();
      EXPECT_EQ(RootOfPath(root, row, tree.Path(level, row)), tree.root());
      EXPECT_NE(RootOfPath(root, row ^ 1, tree.Path(level, row)), tree.root());
    }
  }
}

TEST(MerkleTree, ChangesItsRootWithAnyBit) {
  std::vector<std::int8_t> state = RandomState(256);
  const Digest root = MerkleTree::Build(state, 256, 1).root();
  for (const std::size_t i :
       {std::size_t{0}, std::size_t{255}, std::size_t{256}, state.size() - 1}) {
    state[i] = static_cast<std::int8_t>(state[i] ^ 1);
    EXPECT_NE(MerkleTree::Build(state, 256, 1).root(), root);
    state[i] = static_cast<std::int8_t>(state[i] ^ 1);
  }
}

}  // namespace
}  // namespace kaisar::kernels
