#include "chain/committee.h"

#include <gtest/gtest.h>

#include <set>

namespace kaisar::chain {
namespace {

TEST(Committee, IsEmptyWithoutSlots) {
  EXPECT_TRUE(Committee(Digest{}, 1, 0).empty());
}

TEST(Committee, HasEverySlotWhenThereAreFewerThanSeven) {
  const auto members = Committee(Digest{1}, 5, 3);
  EXPECT_EQ(std::set<std::uint32_t>(members.begin(), members.end()),
            (std::set<std::uint32_t>{0, 1, 2}));
}

TEST(Committee, HasSevenDistinctSlotsOfMany) {
  const auto members = Committee(Digest{1}, 5, 1000);
  EXPECT_EQ(members.size(), 7u);
  EXPECT_EQ(std::set<std::uint32_t>(members.begin(), members.end()).size(), 7u);
}

}  // namespace
}  // namespace kaisar::chain
