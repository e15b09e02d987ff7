#include "audit/epoch_settlement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/audit/epoch_facts_scene.h"

namespace kaisar::audit {
namespace {

using ::testing::ElementsAre;
using testing::FilledWith;
using testing::HonestEpoch;
using ::testing::IsEmpty;

/// "where: what" of each difference.
std::vector<std::string> Differences(const EpochFacts& facts) {
  std::vector<std::string> found;
  for (const SettlementDifference& difference : SettleAgain(facts).differences) {
    found.push_back(difference.where + ": " + difference.what);
  }
  return found;
}

TEST(SettleAgain, AgreesWithAnHonestChainAndSumsWhatItPaid) {
  const HonestEpoch honest;
  const EpochSettlement epoch = SettleAgain(honest.facts);
  EXPECT_THAT(Differences(honest.facts), IsEmpty());
  EXPECT_FALSE(epoch.late);
  EXPECT_EQ(epoch.unsettled, 0u);
  ASSERT_EQ(epoch.devices.size(), 6u);
  Uint256 to_providers, to_slots;
  for (const chain::SettledEvent& event : honest.facts.settled) {
    to_providers = to_providers + event.provider_pay;
    to_slots = to_slots + event.commission_each * Uint256(3);
  }
  EXPECT_EQ(epoch.to_providers, to_providers);
  EXPECT_EQ(epoch.to_slots, to_slots);
  EXPECT_EQ(epoch.providers.size(), 2u);
  EXPECT_EQ(epoch.slots[0].agreed, 6u);
  EXPECT_EQ(epoch.slots[0].disagreed, 0u);
  EXPECT_EQ(epoch.slots[0].earned * Uint256(3), to_slots);
}

TEST(SettleAgain, NamesEachFieldOfAPaymentThatDiffers) {
  HonestEpoch chain;
  chain.facts.settled[0].median -= 1;
  EXPECT_THAT(Differences(chain.facts), ElementsAre("device 10: median"));
  chain = HonestEpoch();
  chain.facts.settled[1].present_mask = 3;
  EXPECT_THAT(Differences(chain.facts), ElementsAre("device 20: present members"));
  chain = HonestEpoch();
  chain.facts.settled[1].agreed_mask = 3;
  EXPECT_THAT(Differences(chain.facts), ElementsAre("device 20: agreeing members"));
  chain = HonestEpoch();
  Uint256& pay = chain.facts.settled[2].provider_pay;
  pay = pay + Uint256(1);
  EXPECT_THAT(Differences(chain.facts), ElementsAre("device 30: provider pay"));
  chain = HonestEpoch();
  Uint256& commission = chain.facts.settled[3].commission_each;
  commission = commission - Uint256(1);
  EXPECT_THAT(Differences(chain.facts), ElementsAre("device 40: commission each"));
  EXPECT_FALSE(SettleAgain(chain.facts).devices[3].agrees);
  EXPECT_TRUE(SettleAgain(chain.facts).devices[2].agrees);
}

TEST(SettleAgain, TellsWhatTheChainHasAndWhatItShouldHave) {
  HonestEpoch chain;
  chain.facts.settled[0].agreed_mask = 0;
  const SettlementDifference found = SettleAgain(chain.facts).differences.at(0);
  EXPECT_EQ(found.chain, "none");
  EXPECT_THAT(found.ours, ::testing::MatchesRegex("slot ., slot ., slot ."));
}

TEST(SettleAgain, LeavesUnsettledDevicesOutOfTheSums) {
  HonestEpoch chain;
  chain.facts.settled.erase(chain.facts.settled.begin());
  const EpochSettlement epoch = SettleAgain(chain.facts);
  EXPECT_THAT(epoch.differences, IsEmpty());
  EXPECT_EQ(epoch.unsettled, 1u);
  EXPECT_FALSE(epoch.devices[0].settled);
  EXPECT_EQ(epoch.devices[0].result.median, 110);  // what it will settle with
  EXPECT_EQ(epoch.slots[0].agreed, 5u);
}

TEST(SettleAgain, FindsPaymentsThatShouldNotBe) {
  HonestEpoch chain;
  chain.facts.settled.push_back(chain.facts.settled[0]);
  EXPECT_THAT(Differences(chain.facts), ElementsAre("device 10: times settled"));
  chain = HonestEpoch();
  chain.facts.devices.pop_back();  // device 60 settles without weight
  chain.facts.total_weight -= 60;
  EXPECT_THAT(Differences(chain.facts), ::testing::Contains("device 60: settled"));
  chain = HonestEpoch();
  chain.facts.opening.reset();
  chain.facts.first_block.reset();
  EXPECT_THAT(Differences(chain.facts), ::testing::Contains("epoch: settled devices"));
}

TEST(SettleAgain, ComparesTheBondThatIsBurned) {
  HonestEpoch chain;
  Uint256& burned = chain.facts.burned[0].amount;
  burned = burned + Uint256(1);
  EXPECT_THAT(Differences(chain.facts), ElementsAre("device 60: bond burned"));
  chain = HonestEpoch();
  chain.facts.burned[0].amount = 3;
  EXPECT_THAT(Differences(chain.facts), ElementsAre("device 60: bond burned"));
  chain.facts.bond_after[60] = 0;  // there was no more
  EXPECT_THAT(Differences(chain.facts), IsEmpty());
  chain = HonestEpoch();
  chain.facts.was_in_service.insert(60);
  EXPECT_THAT(Differences(chain.facts), ElementsAre("device 60: bond burned"));
  chain.facts.burned.clear();
  EXPECT_THAT(Differences(chain.facts), IsEmpty());
}

TEST(SettleAgain, AddsUpWeightAndEmissionItself) {
  HonestEpoch chain;
  chain.facts.total_weight += 1;
  EXPECT_THAT(Differences(chain.facts), ElementsAre("epoch: total weight"));
  chain = HonestEpoch();
  chain.facts.emission = chain.facts.emission + Uint256(1);
  EXPECT_THAT(Differences(chain.facts), ElementsAre("epoch: emission"));
  chain = HonestEpoch();
  chain.facts.funded.clear();
  EXPECT_THAT(Differences(chain.facts), ::testing::Contains("epoch: emission"));
  chain = HonestEpoch();
  chain.facts.funded[0].amount = Uint256::FromWord(FilledWith<Digest>(0xff));
  EXPECT_THAT(Differences(chain.facts), ::testing::Contains("epoch: funded"));
}

TEST(SettleAgain, PaysByTheWordsNotByTheRoot) {
  HonestEpoch chain;
  chain.facts.revealed[1].words[0][3] ^= 1;  // a score
  EXPECT_THAT(Differences(chain.facts), ElementsAre("slot 1: commitment", "slot 1: root",
                                                    "slot 1: root"));  // of the event, as stored
  chain = HonestEpoch();
  chain.facts.revealed[1].root = FilledWith<Digest>(0x33);
  EXPECT_THAT(Differences(chain.facts), ElementsAre("slot 1: root"));
  chain = HonestEpoch();
  chain.facts.reports[2] = FilledWith<Digest>(0x33);
  EXPECT_THAT(Differences(chain.facts), ElementsAre("slot 2: root"));
}

TEST(SettleAgain, HearsNoReportThatTheContractShouldRefuse) {
  HonestEpoch chain;
  chain.facts.committed.erase(chain.facts.committed.begin());
  EXPECT_THAT(Differences(chain.facts), ::testing::Contains("slot 0: reveal"));
  chain = HonestEpoch();
  chain.facts.revealed.push_back(chain.facts.revealed[2]);
  EXPECT_THAT(Differences(chain.facts), ElementsAre("slot 2: reveal"));
  chain = HonestEpoch();
  chain.facts.revealed[0].words.push_back(chain.facts.revealed[0].words[0]);
  EXPECT_THAT(Differences(chain.facts), ::testing::Contains("slot 0: report"));
  chain = HonestEpoch();
  chain.facts.committed.push_back({testing::kSceneEpoch, 9, Digest{}, 1100});
  EXPECT_THAT(Differences(chain.facts), ElementsAre("slot 9: commitments"));
}

TEST(SettleAgain, TakesAMemberThatHidesItsReportAsAbsent) {
  HonestEpoch chain;
  chain.facts.revealed.pop_back();
  chain.facts.reports[2] = chain.facts.committed[2].commitment;
  chain.facts.reports[2].back() &= 0xfe;
  const EpochSettlement epoch = SettleAgain(chain.facts);
  EXPECT_EQ(epoch.slots[2].stage, ReportStage::kCommitted);
  EXPECT_EQ(epoch.devices[0].result.median, 110);  // two of three are a quorum
  EXPECT_EQ(epoch.slots[2].earned, Uint256(0));
  for (const SettlementDifference& found : epoch.differences) {
    EXPECT_TRUE(found.what == "present members" || found.what == "agreeing members") << found.what;
  }
}

TEST(SettleAgain, ChecksThatTheBeaconIsTheFirstBlockOfTheEpoch) {
  HonestEpoch chain;
  chain.facts.first_block->hash[0] ^= 1;
  EXPECT_THAT(Differences(chain.facts), ElementsAre("epoch: beacon"));
  chain = HonestEpoch();
  chain.facts.parent_block->timestamp_s += 1;  // at T_e itself
  EXPECT_THAT(Differences(chain.facts), ElementsAre("epoch: beacon's block"));
  chain = HonestEpoch();
  chain.facts.first_block->timestamp_s -= 3;  // before T_e
  EXPECT_THAT(Differences(chain.facts), ElementsAre("epoch: beacon's block"));
  chain = HonestEpoch();
  chain.facts.parent_block->hash[0] ^= 1;
  EXPECT_THAT(Differences(chain.facts), ElementsAre("epoch: beacon's block"));
}

TEST(SettleAgain, TakesALateOpeningThatWasAskedForInTheSecondHalf) {
  HonestEpoch chain;
  chain.facts.parent_block->timestamp_s = chain.facts.first_block->timestamp_s - 1;
  chain.facts.late_requests.push_back({testing::kSceneEpoch, 1000, 999});
  const std::uint64_t begin = chain.facts.deployment.schedule.begin(testing::kSceneEpoch);
  chain.facts.block_times[999] = begin + 300;
  EXPECT_THAT(Differences(chain.facts), IsEmpty());
  EXPECT_TRUE(SettleAgain(chain.facts).late);
  chain.facts.block_times[999] = begin + 299;
  EXPECT_THAT(Differences(chain.facts), ElementsAre("epoch: beacon's block"));
  chain.facts.block_times[999] = begin + 300;
  chain.facts.late_requests[0].beacon_block = 1001;
  EXPECT_THAT(Differences(chain.facts), ElementsAre("epoch: beacon's block"));
}

TEST(SettleAgain, FindsEventsOutsideOfTheirWindows) {
  const chain::Schedule windows = HonestEpoch().facts.deployment.schedule;
  const struct {
    std::uint64_t block, time;
    std::string what;
  } cases[] = {
      {900, windows.end(testing::kSceneEpoch), "epoch: fees in block 900"},
      {1100, windows.end(testing::kSceneEpoch) - 1, "epoch: commitment in block 1100"},
      {1100, windows.reveal_begin(testing::kSceneEpoch), "epoch: commitment in block 1100"},
      {1200, windows.reveal_begin(testing::kSceneEpoch) - 1, "epoch: reveal in block 1200"},
      {1200, windows.settle_begin(testing::kSceneEpoch), "epoch: reveal in block 1200"},
      {1300, windows.settle_begin(testing::kSceneEpoch) - 1, "epoch: settling in block 1300"},
      {1300, windows.settle_end(testing::kSceneEpoch), "epoch: settling in block 1300"},
  };
  for (const auto& [block, time, what] : cases) {
    HonestEpoch chain;
    chain.facts.block_times[block] = time;
    EXPECT_THAT(Differences(chain.facts), ElementsAre(what)) << time;
  }
}

}  // namespace
}  // namespace kaisar::audit
