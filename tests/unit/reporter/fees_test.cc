#include "reporter/fees.h"

#include <gtest/gtest.h>

namespace kaisar::reporter {
namespace {

constexpr std::uint64_t kGwei = 1'000'000'000;

chain::Fees Gwei(std::uint64_t most, std::uint64_t priority) {
  return {Uint256(most * kGwei), Uint256(priority * kGwei)};
}

TEST(Fees, BeginWithWhatTheChainSuggests) {
  EXPECT_EQ(FirstFees(Gwei(30, 2), Uint256(200 * kGwei), false), Gwei(30, 2));
  EXPECT_EQ(FirstFees(Gwei(30, 2), Uint256(200 * kGwei), true), Gwei(60, 4));
}

TEST(Fees, NeverOfferMoreThanTheLimit) {
  EXPECT_EQ(FirstFees(Gwei(300, 250), Uint256(200 * kGwei), false), Gwei(200, 200));
  chain::Fees fees = Gwei(3, 1);
  int raises = 0;
  while (const auto raised =
             RaisedFees(fees, Gwei(500, 1), Uint256(200 * kGwei), raises % 2 == 0)) {
    EXPECT_LE(raised->max_fee, Uint256(200 * kGwei));
    EXPECT_LE(raised->priority_fee, raised->max_fee);
    fees = *raised;
    ASSERT_LT(++raises, 100);
  }
  EXPECT_EQ(fees.max_fee, Uint256(200 * kGwei));
}

TEST(Fees, RiseByMoreThanNodesAskOfAReplacement) {
  for (chain::Fees fees :
       {Gwei(30, 2), chain::Fees{Uint256(9), Uint256(0)}, chain::Fees{Uint256(1), Uint256(1)}}) {
    const auto raised = RaisedFees(fees, fees, Uint256(200 * kGwei), false);
    ASSERT_TRUE(raised.has_value());
    EXPECT_GE(raised->max_fee * Uint256(10), fees.max_fee * Uint256(11));
    EXPECT_GE(raised->priority_fee * Uint256(10), fees.priority_fee * Uint256(11));
    EXPECT_GT(raised->max_fee, fees.max_fee);
    EXPECT_GT(raised->priority_fee, fees.priority_fee);
  }
}

TEST(Fees, FollowASpikeAtOnce) {
  EXPECT_EQ(RaisedFees(Gwei(30, 2), Gwei(120, 5), Uint256(200 * kGwei), false), Gwei(120, 5));
}

TEST(Fees, GoToTheLimitWhenUrgentOrWhenNoRaiseWouldFollow) {
  EXPECT_EQ(RaisedFees(Gwei(30, 2), Gwei(30, 2), Uint256(200 * kGwei), true)->max_fee,
            Uint256(200 * kGwei));
  EXPECT_EQ(RaisedFees(Gwei(170, 2), Gwei(30, 2), Uint256(200 * kGwei), false)->max_fee,
            Uint256(200 * kGwei));
  EXPECT_EQ(RaisedFees(Gwei(180, 2), Gwei(30, 2), Uint256(200 * kGwei), true), std::nullopt);
}

TEST(Fees, LeaveRoomForARaiseWhenUrgent) {
  const chain::Fees first = FirstFees(Gwei(150, 2), Uint256(200 * kGwei), true);
  EXPECT_TRUE(RaisedFees(first, Gwei(150, 2), Uint256(200 * kGwei), true).has_value());
}

}  // namespace
}  // namespace kaisar::reporter
