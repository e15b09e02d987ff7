// What an epoch costs a slot, against what its transactions were measured to use.
#include "reporter/epoch_gas.h"

#include <gtest/gtest.h>

#include "reporter/balance_watch.h"

namespace kaisar::reporter {
namespace {

TEST(EpochGas, CoversWhatAReportUses) {
  EXPECT_GE(ReportGas(70), 56'005u + 69'512u);
  EXPECT_LT(ReportGas(70), (56'005u + 69'512u) * 12 / 10);
  EXPECT_GE(ReportGas(700), 56'005u + 199'252u);
  EXPECT_LT(ReportGas(700), (56'005u + 199'252u) * 12 / 10);
}

TEST(EpochGas, GrowsWithTheDevicesThatAreSettled) {
  // A first member settles 72 of 500 devices.
  EXPECT_GE(EpochGas(500), 72u * 217'550);
  EXPECT_LT(EpochGas(500), 72u * 217'550 * 12 / 10);
  EXPECT_LT(EpochGas(1), 500'000u);
  EXPECT_EQ(EpochGas(0), ReportGas(0) + 120'000);
}

TEST(EpochGas, TellsHowLongABalanceLasts) {
  const Uint256 price(1'000'000'000);
  const Uint256 balance = *ParseEther("1");
  EXPECT_EQ(EpochsLeft(balance, price, EpochGas(500)), 61u);
  EXPECT_EQ(EpochsLeft(balance, price, EpochGas(70)), 407u);
  EXPECT_EQ(EpochsLeft(balance, Uint256(), EpochGas(70)), UINT64_MAX);
}

}  // namespace
}  // namespace kaisar::reporter
