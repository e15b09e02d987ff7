#include "kernels/proof_layout.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>

#include "base/sha256.h"
#include "kernels/host_engine.h"
#include "kernels/merkle_tree.h"

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

// A host's proof in memory that is laid out so.
class LaidOutProof {
 public:
  LaidOutProof(std::uint32_t n, const ProofStates& states)
      : layout_(n, static_cast<std::uint32_t>(states.roots().size())) {
    for (const std::uint64_t bytes : layout_.pieces()) pieces_.emplace_back(bytes, 0xA5);
    for (std::uint32_t j = 1; j <= layout_.rounds(); ++j) {
      std::uint32_t level = 0;
      while (layout_.digests() >> level > 1) ++level;
      const auto root = states.Open({{.state = j, .level = level, .index = 0}});
      EXPECT_TRUE(root.ok()) << root.status();
      const std::string& elements = root->front().elements;
      EXPECT_EQ(elements.size(), layout_.matrix_bytes());
      std::memcpy(At(layout_.StateAt(j)), elements.data(), elements.size());
      WriteTree(ViewOf(elements), At(layout_.TreeAt(j)));
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
  for (const auto& [n, rounds] : {std::pair(256U, 3U), std::pair(2048U, 1U)}) {
    const auto engine = MakeCpuEngine(2);
    const auto states = engine->Prove(Digest{}, n, rounds, [] { return false; });
    ASSERT_TRUE(states.ok()) << states.status();
    LaidOutProof laid_out(n, **states);
    const std::uint64_t leaves = std::uint64_t{n} * n / SegmentBytes(n);
    std::vector<StateNode> nodes;
    for (std::uint32_t state = 1; state <= rounds; ++state) {
      for (std::uint32_t level = 0; leaves >> level > 0; ++level) {
        const std::uint64_t width = leaves >> level;
        for (const std::uint64_t index : {std::uint64_t{0}, width / 3, width - 1}) {
          nodes.push_back({.state = state, .level = level, .index = index});
        }
      }
    }
    const auto expected = (*states)->Open(nodes);
    ASSERT_TRUE(expected.ok());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const OpenedNode opened = laid_out.Open(nodes[i]);
      EXPECT_TRUE(opened.elements == expected->at(i).elements) << nodes[i].level;
      EXPECT_EQ(opened.path, expected->at(i).path) << nodes[i].level;
    }
  }
}

}  // namespace
}  // namespace kaisar::kernels
