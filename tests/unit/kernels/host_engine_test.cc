#include "kernels/host_engine.h"

#include <gtest/gtest.h>

#include "base/sha256.h"
#include "kernels/merkle_tree.h"

namespace kaisar::kernels {
namespace {

bool Never() {
  return false;
}

absl::Span<const std::int8_t> ElementsOf(const OpenedNode& node) {
  return {reinterpret_cast<const std::int8_t*>(node.elements.data()), node.elements.size()};
}

Digest RootOfPath(const Digest& node, std::uint64_t index, ByteView siblings) {
  return RootsOfPaths({{node, index, siblings}}).front();
}

TEST(HostEngine, KeepsTheRootsOfAllStates) {
  const auto engine = MakeCpuEngine(1);
  const auto states = engine->Prove(Digest{}, 256, 3, Never);
  ASSERT_TRUE(states.ok()) << states.status();
  EXPECT_EQ((*states)->roots().size(), 3u);
  std::vector<std::int8_t> first(256 * 256);
  ASSERT_TRUE(engine->Begin(Digest{}, 256).ok());
  ASSERT_TRUE(engine->Round({}, absl::MakeSpan(first), Never).ok());
  EXPECT_EQ((*states)->roots()[0], MerkleTree::Build(first, 256, 1).root());
}

TEST(HostEngine, OpensNodesOfEveryLevelInTheOrderAsked) {
  const std::uint32_t n = 2048;  // two segments a row
  const auto engine = MakeCpuEngine(2);
  const auto states = engine->Prove(Digest{}, n, 2, Never);
  ASSERT_TRUE(states.ok()) << states.status();
  const std::vector<StateNode> nodes = {{.state = 2, .level = 0, .index = 4095},
                                        {.state = 1, .level = 1, .index = 7},
                                        {.state = 1, .level = 0, .index = 14},
                                        {.state = 2, .level = 12, .index = 0}};
  const auto opened = (*states)->Open(nodes);
  ASSERT_TRUE(opened.ok()) << opened.status();
  ASSERT_EQ(opened->size(), 4u);
  const std::vector<Digest>& roots = (*states)->roots();
  EXPECT_EQ(RootOfPath(Sha256(ViewOf(opened->at(0).elements)), 4095, opened->at(0).path), roots[1]);
  EXPECT_EQ(RootOfPath(RowRoots({ElementsOf(opened->at(1))}).front(), 7, opened->at(1).path),
            roots[0]);
  // Segment 14 is the first half of row 7.
  EXPECT_EQ(opened->at(2).elements, opened->at(1).elements.substr(0, 1024));
  // The root: the whole state, and no path.
  EXPECT_EQ(opened->at(3).elements.size(), std::size_t{n} * n);
  EXPECT_TRUE(opened->at(3).path.empty());
  EXPECT_EQ(opened->at(3).elements.substr(std::size_t{4095} * 1024), opened->at(0).elements);
}

}  // namespace
}  // namespace kaisar::kernels
