#include "kernels/proof_layout.h"

#include <gtest/gtest.h>

#include <cstring>

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

// A proof in memory that is laid out so, with the host's states and trees.
class LaidOutProof {
 public:
  LaidOutProof(std::uint32_t n, std::uint32_t rounds) : layout_(n, rounds) {
    for (const std::uint64_t bytes : layout_.pieces()) pieces_.emplace_back(bytes, 0xA5);
    const auto engine = MakeCpuEngine(2);
    ExpectOk(engine->Begin(Digest{}, n));
    std::vector<std::int8_t> state;
    for (std::uint32_t j = 1; j <= rounds; ++j) {
      std::vector<std::int8_t> next(layout_.matrix_bytes());
      ExpectOk(engine->Round(state, absl::MakeSpan(next), [] { return false; }));
      std::memcpy(At(layout_.StateAt(j)), next.data(), next.size());
      WriteTree(next, At(layout_.TreeAt(j)));
      state = std::move(next);
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
  static void ExpectOk(const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; }

  std::uint8_t* At(const Place& place) { return pieces_[place.piece].data() + place.offset; }

  void WriteTree(const std::vector<std::int8_t>& state, std::uint8_t* to) {
    const std::size_t segment = SegmentBytes(layout_.n());
    std::vector<Digest> level;
    for (std::size_t i = 0; i < state.size(); i += segment) {
      const auto* from = reinterpret_cast<const std::uint8_t*>(state.data()) + i;
      level.push_back(Sha256(ByteView(from, segment)));
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
  for (const std::uint32_t n : {256U, 2048U}) {
    LaidOutProof laid_out(n, 2);
    const auto engine = MakeCpuEngine(2);
    const auto states = engine->Prove(Digest{}, n, 2, [] { return false; });
    ASSERT_TRUE(states.ok()) << states.status();
    const std::uint64_t leaves = std::uint64_t{n} * n / SegmentBytes(n);
    std::vector<StateNode> nodes;
    for (const std::uint32_t state : {1U, 2U}) {
      for (std::uint32_t level = 0; leaves >> level > 0; ++level) {
        for (const std::uint64_t index :
             {std::uint64_t{0}, (leaves >> level) / 3, (leaves >> level) - 1}) {
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
