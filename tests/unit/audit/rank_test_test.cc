#include "audit/rank_test.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>

namespace kaisar::audit {
namespace {

/// Sum of doubled middle ranks of the values whose bit is set.
std::uint64_t DoubledRanks(const std::vector<std::uint64_t>& values, std::uint32_t picked) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if ((picked >> i & 1) == 0) continue;
    for (const std::uint64_t other : values) {
      sum += other < values[i] ? 2u : other == values[i] ? 1u : 0u;
    }
    ++sum;
  }
  return sum;
}

TEST(ChanceOfRanks, IsThatOfCountingAllWaysToPick) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 40; ++round) {
    const std::size_t all = 2 + random() % 11;
    const std::size_t count = 1 + random() % (all - 1);
    std::vector<std::uint64_t> values;
    for (std::size_t i = 0; i < all; ++i) values.push_back(random() % 8);  // with many equal ones
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(count);
    const std::vector<std::uint64_t> picked(values.begin(), middle);
    const std::vector<std::uint64_t> others(middle, values.end());
    const std::uint64_t found = DoubledRanks(values, (1u << count) - 1);
    double ways = 0, as_low = 0;
    for (std::uint32_t subset = 0; subset < 1u << all; ++subset) {
      if (std::popcount(subset) != static_cast<int>(count)) continue;
      ++ways;
      as_low += DoubledRanks(values, subset) <= found ? 1 : 0;
    }
    EXPECT_NEAR(ChanceOfRanks(picked, others), as_low / ways, 1e-12);
  }
}

TEST(ChanceOfRanks, IsLeastWhereAllPickedAreBelowTheOthers) {
  EXPECT_NEAR(ChanceOfRanks({1, 2, 3}, {4, 5, 6}), 1.0 / 20, 1e-12);
  EXPECT_NEAR(LeastChanceOfRanks(3, 3), 1.0 / 20, 1e-12);
  const std::vector<std::uint64_t> low(20, 1), high(40, 2);
  EXPECT_NEAR(ChanceOfRanks(low, high) / LeastChanceOfRanks(20, 40), 1, 1e-9);
  EXPECT_EQ(ChanceOfRanks(high, high), 1);
  EXPECT_EQ(ChanceOfRanks({}, high), 1);
}

TEST(ChanceOfMarked, IsFishersOfTheLadyTastingTea) {
  EXPECT_NEAR(ChanceOfMarked(4, 4, 4, 8), 1.0 / 70, 1e-12);
  EXPECT_NEAR(ChanceOfMarked(3, 4, 4, 8), 17.0 / 70, 1e-12);
  EXPECT_NEAR(ChanceOfMarked(0, 4, 4, 8), 1, 1e-12);
  EXPECT_NEAR(ChanceOfMarked(2, 4, 6, 8), 1, 1e-9);  // fewer cannot be
}

}  // namespace
}  // namespace kaisar::audit
