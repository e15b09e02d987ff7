#include "audit/settlement.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "chain/committee.h"

namespace kaisar::audit {
namespace {

using Scores = std::vector<std::optional<std::uint8_t>>;
constexpr std::nullopt_t kAbsent = std::nullopt;
constexpr std::uint64_t kBorder = 10'512'000;  // units of 12 s
constexpr std::uint64_t kGenesis = 1'700'000'000;

Uint256 Wei(const std::string& decimal) {
  return Uint256::FromDecimal(decimal).value();
}

Uint256 Kai(std::uint64_t kai) {
  return Uint256(kai) * Uint256(1'000'000'000'000'000'000);
}

chain::Deployment DeploymentWith(const Uint256& initial_supply) {
  chain::Deployment deployment;
  deployment.schedule.genesis = kGenesis;
  deployment.schedule.epoch_seconds = 21'600;
  deployment.initial_supply = initial_supply;
  return deployment;
}

std::uint64_t AfterUnits(std::uint64_t units) {
  return kGenesis + 12 * units;
}

/// A standby device with half of all weight in an epoch that gives 200 KAI.
SettlementInput Half(const Scores& scores) {
  SettlementInput input;
  input.emission = Kai(200);
  input.weight = 50;
  input.total_weight = 100;
  input.phase = chain::Phase::kStandby;
  input.provider_percent = 80;
  input.band = 6;
  input.scores = scores;
  return input;
}

TEST(Emission, IsNothingUntilTheFirstUnitIsOver) {
  const auto deployment = DeploymentWith(0);
  EXPECT_EQ(Emitted(deployment, 0), Uint256(0));
  EXPECT_EQ(Emitted(deployment, kGenesis - 1), Uint256(0));
  EXPECT_EQ(Emitted(deployment, kGenesis), Uint256(0));
  EXPECT_EQ(Emitted(deployment, kGenesis + 11), Uint256(0));
  EXPECT_EQ(Emitted(deployment, kGenesis + 12), Kai(15));
}

TEST(Emission, ChangesItsRateExactlyAtEachBorder) {
  const auto deployment = DeploymentWith(0);
  const std::uint64_t first = kBorder * 15, second = first + kBorder * 13;
  EXPECT_EQ(Emitted(deployment, AfterUnits(kBorder) - 1), Kai(first - 15));
  EXPECT_EQ(Emitted(deployment, AfterUnits(kBorder)), Kai(first));
  EXPECT_EQ(Emitted(deployment, AfterUnits(kBorder + 1) - 1), Kai(first));
  EXPECT_EQ(Emitted(deployment, AfterUnits(kBorder + 1)), Kai(first + 13));
  EXPECT_EQ(Emitted(deployment, AfterUnits(2 * kBorder) - 1), Kai(second - 13));
  EXPECT_EQ(Emitted(deployment, AfterUnits(2 * kBorder)), Kai(second));
  EXPECT_EQ(Emitted(deployment, AfterUnits(2 * kBorder + 1)), Kai(second + 11));
}

TEST(Emission, StopsAtTheCapWithTheInitialSupplyIncluded) {
  const auto deployment = DeploymentWith(Kai(400'000'000));
  // 600,000,000 KAI are left: 294,336,000 in the first two periods, the rest at 11 a unit.
  const std::uint64_t units = 2 * kBorder + (600'000'000 - 294'336'000) / 11;
  EXPECT_EQ(Emitted(deployment, AfterUnits(units)),
            Kai(600'000'000 - 4));  // 305,664,000 = 11 · q + 4
  EXPECT_EQ(Emitted(deployment, AfterUnits(units + 1)), Kai(600'000'000));
  EXPECT_EQ(Emitted(deployment, std::numeric_limits<std::uint64_t>::max()), Kai(600'000'000));
  EXPECT_EQ(Emitted(DeploymentWith(Kai(1'000'000'000)), AfterUnits(5)), Uint256(0));
}

TEST(Emission, OfAnEpochIsWhatLiesBetweenItsBordersAndWhatWasFunded) {
  const auto deployment = DeploymentWith(0);
  EXPECT_EQ(EmissionOf(deployment, 0, 0), Kai(1800 * 15));
  EXPECT_EQ(EmissionOf(deployment, 7, Uint256(3)), Kai(1800 * 15) + Uint256(3));
  // Epoch 5839 ends the first period: 5840 · 1800 = 10,512,000.
  EXPECT_EQ(EmissionOf(deployment, 5839, 0), Kai(1800 * 15));
  EXPECT_EQ(EmissionOf(deployment, 5840, 0), Kai(1800 * 13));
  EXPECT_EQ(EmissionOf(deployment, 4'000'000'000, Kai(2)), Kai(2));  // long after the cap
}

TEST(Settling, PaysTheProviderByTheMedianAndEachWhoAgreesTheCommission) {
  const auto result = Settle(Half({190, 200, 180, 195, 190, 190, 191}));
  EXPECT_EQ(result.median, 190);
  EXPECT_EQ(result.present_mask, 0x7f);
  EXPECT_EQ(result.agreed_mask, 0b1111001);                       // 200 and 180 are ten away
  EXPECT_EQ(result.provider_pay, Kai(76));                        // 100 · 80 % · 190 / 200
  EXPECT_EQ(result.commission_each, Wei("2857142857142857142"));  // 20 KAI / 7
  EXPECT_EQ(result.bond_at_stake, Uint256(0));
  EXPECT_FALSE(result.promotes);
}

TEST(Settling, TakesTheLowerOfTwoMediansWhenAnEvenNumberIsPresent) {
  const auto result = Settle(Half({10, 20, kAbsent, 30, 40}));
  EXPECT_EQ(result.median, 20);
  EXPECT_EQ(result.present_mask, 0b11011);
  EXPECT_EQ(result.agreed_mask, 0b00010);
  EXPECT_EQ(Settle(Half({200, 0})).median, 0);
}

TEST(Settling, CountsAScoreInTheBandAndNotOneBeyond) {
  const auto result = Settle(Half({100, 106, 107, 94, 93}));
  EXPECT_EQ(result.median, 100);
  EXPECT_EQ(result.agreed_mask, 0b01011);
  SettlementInput narrow = Half({100, 101, 99});
  narrow.band = 0;
  EXPECT_EQ(Settle(narrow).agreed_mask, 0b001);
  SettlementInput wide = Half({0, 200, 100});
  wide.band = 255;
  EXPECT_EQ(Settle(wide).agreed_mask, 0b111);
}

TEST(Settling, NeedsMoreThanHalfOfTheCommittee) {
  const Scores four = {200, 200, 200, 200, kAbsent, kAbsent, kAbsent};
  EXPECT_EQ(Settle(Half(four)).median, 200);
  const Scores three = {kAbsent, 200, 200, 200, kAbsent, kAbsent, kAbsent};
  const auto result = Settle(Half(three));
  EXPECT_EQ(result.median, chain::kNoMedian);
  EXPECT_EQ(result.present_mask, 0b0001110);
  EXPECT_EQ(result.agreed_mask, 0);
  EXPECT_EQ(result.provider_pay, Uint256(0));
  EXPECT_EQ(result.commission_each, Wei("2857142857142857142"));  // for each present member
}

TEST(Settling, QuorumOfASmallCommitteeIsStillMoreThanHalf) {
  EXPECT_EQ(Settle(Half({150})).median, 150);
  EXPECT_EQ(Settle(Half({kAbsent})).median, chain::kNoMedian);
  EXPECT_EQ(Settle(Half({150, kAbsent})).median, chain::kNoMedian);
  EXPECT_EQ(Settle(Half({150, kAbsent, 160})).median, 150);
  EXPECT_EQ(Settle(Half({150, kAbsent, 160, kAbsent})).median, chain::kNoMedian);
  EXPECT_EQ(Settle(Half({150})).commission_each, Kai(20));
  EXPECT_EQ(Settle(Half({150, 150, 150})).commission_each, Wei("6666666666666666666"));
}

TEST(Settling, PaysNothingAtAllWhenEveryMemberIsAbsent) {
  const auto result = Settle(Half(Scores(7)));
  EXPECT_EQ(result.median, chain::kNoMedian);
  EXPECT_EQ(result.present_mask, 0);
  EXPECT_EQ(result.provider_pay, Uint256(0));
  EXPECT_EQ(result.bond_at_stake, Uint256(0));
}

TEST(Settling, PaysNobodyInAnEpochWithoutSlots) {
  const auto result = Settle(Half({}));
  EXPECT_EQ(result.median, chain::kNoMedian);
  EXPECT_EQ(result.provider_pay, Uint256(0));
  EXPECT_EQ(result.commission_each, Uint256(0));
}

TEST(Settling, RegisteringDeviceEarnsNothingAndIsPromotedAboveZero) {
  SettlementInput input = Half({120, 120, 120});
  input.phase = chain::Phase::kRegistering;
  EXPECT_EQ(Settle(input).provider_pay, Uint256(0));
  EXPECT_TRUE(Settle(input).promotes);
  EXPECT_EQ(Settle(input).commission_each, Wei("6666666666666666666"));
  input.scores = {0, 0, 120};
  EXPECT_FALSE(Settle(input).promotes);
  EXPECT_EQ(Settle(input).bond_at_stake, Uint256(0));
  input.scores = {120, kAbsent, kAbsent};
  EXPECT_FALSE(Settle(input).promotes);
}

TEST(Settling, MedianOfZeroCostsAStandbyDeviceItsLargestPay) {
  SettlementInput input = Half({0, 0, 200});
  EXPECT_EQ(Settle(input).provider_pay, Uint256(0));
  EXPECT_EQ(Settle(input).bond_at_stake, Kai(80));
  input.was_in_service = true;
  EXPECT_EQ(Settle(input).bond_at_stake, Uint256(0));
  input.was_in_service = false;
  input.scores = {0, kAbsent, kAbsent};
  EXPECT_EQ(Settle(input).bond_at_stake, Uint256(0));
}

TEST(Settling, IsExactAtTheLargestWeightAndEmission) {
  SettlementInput input = Half({200, 200, 199, 200, 200, 200, 200});
  input.emission = Kai(2'000'000'000);  // the cap, and the cap funded once more
  input.weight = std::numeric_limits<std::uint32_t>::max();
  input.total_weight = std::uint64_t{1} << 56;  // 2^24 such devices
  const auto result = Settle(input);
  // Python: 2*10**27 * (2**32 - 1) * 80 * 200 // (2**56 * 100 * 200), and … * 20 // (2**56 * 700)
  EXPECT_EQ(result.provider_pay, Wei("95367431618420539507"));
  EXPECT_EQ(result.commission_each, Wei("3405979700657876410"));
}

TEST(Settling, SumOfAllPaysStaysBelowTheEmission) {
  Uint256 sum;
  SettlementInput input = Half(Scores(7, 200));
  input.emission = Kai(1) + Uint256(7);
  for (std::uint32_t weight = 1; weight <= 13; ++weight) {
    input.weight = weight;
    input.total_weight = 91;
    const auto result = Settle(input);
    sum = sum + result.provider_pay + result.commission_each * Uint256(7);
  }
  EXPECT_LE(sum, input.emission);
  EXPECT_GT(sum + Uint256(13 * 8), input.emission);  // less than a wei is lost in each payment
}

}  // namespace
}  // namespace kaisar::audit
