#include "kernels/proof_layout.h"

#include <gtest/gtest.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/sha256.h"
#include "kernels/merkle_tree.h"
#include "kernels/rows.h"

namespace kaisar::kernels {
namespace {

using Place = ProofLayout::Place;

TEST(ProofLayout, AlignsEverythingAndLetsNothingOverlap) {
  for (std::uint32_t n = 256; n <= 32768; n *= 2) {
    for (const std::uint32_t rounds : {1U, 7U, 64U}) {
      const ProofLayout layout(n, rounds);
      std::vector<std::uint64_t> used(layout.pieces().size());
      for (std::uint32_t j = 1; j <= rounds; ++j) {
        const Place state = layout.StateAt(j);
        const Place tree = layout.TreeAt(j);
        ASSERT_LT(state.piece, used.size());
        EXPECT_EQ(tree.piece, state.piece);
        EXPECT_EQ(state.offset % 256, 0u);
        EXPECT_EQ(tree.offset % 256, 0u);
        EXPECT_GE(state.offset, used[state.piece]);
        EXPECT_GE(tree.offset, state.offset + layout.matrix_bytes());
        used[state.piece] = tree.offset + 32 * layout.digests();
      }
      for (std::size_t i = 0; i < used.size(); ++i) EXPECT_LE(used[i], layout.pieces()[i]);
    }
  }
}

TEST(ProofLayout, TakesFewPiecesAndHardlyMoreThanItNeeds) {
  const ProofLayout small(256, 4096);
  EXPECT_EQ(small.pieces().size(), 1u);
  const ProofLayout large(16384, 256);
  std::uint64_t bytes = 0;
  for (const std::uint64_t piece : large.pieces()) {
    EXPECT_LE(piece, std::uint64_t{1} << 30);
    bytes += piece;
  }
  EXPECT_EQ(bytes, 256 * (large.matrix_bytes() + large.matrix_bytes() / 16));
  EXPECT_EQ(ProofLayout(32768, 3).pieces().size(), 3u);
}

// States in memory that is laid out so, with their trees.
class LaidOutStates {
 public:
  LaidOutStates(std::uint32_t n, const std::vector<std::vector<std::int8_t>>& states)
      : layout_(n, static_cast<std::uint32_t>(states.size())) {
    for (const std::uint64_t bytes : layout_.pieces()) pieces_.emplace_back(bytes, 0xA5);
    for (std::uint32_t j = 1; j <= layout_.rounds(); ++j) {
      std::uint8_t* const state = At(layout_.StateAt(j));
      std::memcpy(state, states[j - 1].data(), layout_.matrix_bytes());
      WriteTree(ByteView(state, layout_.matrix_bytes()), At(layout_.TreeAt(j)));
    }
  }

  OpenedNode Open(const StateNode& node) {
    OpenedNode opened;
    const std::vector<ProofLayout::Range> ranges = layout_.RangesOf(node);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      const std::uint8_t* from = At(ranges[i].from);
      if (i == 0) {
        opened.elements.assign(from, from + ranges[i].bytes);
      } else {
        opened.path.insert(opened.path.end(), from, from + ranges[i].bytes);
      }
    }
    return opened;
  }

 private:
  std::uint8_t* At(const Place& place) { return pieces_[place.piece].data() + place.offset; }

  void WriteTree(ByteView state, std::uint8_t* to) {
    const std::size_t segment = SegmentBytes(layout_.n());
    std::vector<Digest> level;
    for (; !state.empty(); state.remove_prefix(segment)) {
      level.push_back(Sha256(state.first(segment)));
    }
    while (true) {
      std::memcpy(to, level.data(), level.size() * sizeof(Digest));
      to += level.size() * sizeof(Digest);
      if (level.size() == 1) return;
      std::vector<Digest> parents;
      for (std::size_t i = 0; i < level.size(); i += 2) {
        Bytes both(level[i].begin(), level[i].end());
        Append(both, level[i + 1]);
        parents.push_back(Sha256(both));
      }
      level = std::move(parents);
    }
  }

  const ProofLayout layout_;
  std::vector<Bytes> pieces_;
};

TEST(ProofLayout, OpensNodesAsTheHostDoes) {
  for (const std::uint32_t n : {256U, 2048U}) {  // 2048: two leaves a row
    std::vector<std::vector<std::int8_t>> states;
    std::vector<MerkleTree> trees;
    for (const std::uint8_t seed : {std::uint8_t{1}, std::uint8_t{2}}) {
      Digest key{};
      key.fill(seed);
      GenerateRows(key, Matrix::kW, 0, n, absl::MakeSpan(states.emplace_back(std::size_t{n} * n)));
      trees.push_back(MerkleTree::Build(states.back(), n, 2));
    }
    LaidOutStates laid_out(n, states);
    const std::uint64_t leaves = std::uint64_t{n} * n / SegmentBytes(n);
    for (std::uint32_t level = 0; leaves >> level > 0; ++level) {
      const std::uint64_t width = leaves >> level;
      for (const std::uint64_t index : {std::uint64_t{0}, width / 3, width - 1}) {
        for (const std::uint32_t state : {1U, 2U}) {
          SCOPED_TRACE(absl::StrCat("state ", state, ", level ", level, ", index ", index));
          const OpenedNode opened = laid_out.Open({state, level, index});
          const std::size_t bytes = std::size_t{SegmentBytes(n)} << level;
          const auto* from = reinterpret_cast<const char*>(states[state - 1].data());
          EXPECT_TRUE(opened.elements == std::string(from + index * bytes, bytes));
          EXPECT_EQ(opened.path, trees[state - 1].Path(level, index));
        }
      }
    }
  }
}

}  // namespace
}  // namespace kaisar::kernels
