#include "reporter/offence_marker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chain/calls.h"
#include "tests/unit/reporter/submitter_scene.h"

namespace kaisar::reporter {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// In the scene ours is slot 0 of three; the others commit to nothing unless a test does it.
class OffenceMarkerTest : public ::testing::Test {
 protected:
  void RunThrough(std::uint32_t epochs) {
    scene_.Start();
    for (std::uint32_t epoch = 0; epoch < epochs; ++epoch) {
      scene_.RunUntil(schedule_.end(epoch) - 5);
      scene_.Add(scene_.MakeReport(epoch));
      scene_.RunUntil(schedule_.settle_begin(epoch) + 60);
    }
  }
  const std::set<std::pair<std::uint32_t, std::uint32_t>>& marked() {
    return scene_.chain().contracts().marked;
  }

  SubmitterScene scene_;
  const chain::Schedule& schedule_ = scene_.schedule();
};

TEST_F(OffenceMarkerTest, MarksEachSlotWithoutACommitmentOnce) {
  RunThrough(2);
  EXPECT_THAT(marked(), ElementsAre(Pair(0, 1), Pair(0, 2), Pair(1, 1), Pair(1, 2)));
  EXPECT_EQ(scene_.Included(kMarkMissed), 4) << scene_.AllNotices();
  EXPECT_EQ(scene_.StageOf(1).stage, Stage::kDone);
  EXPECT_THAT(scene_.notices(), IsEmpty());
}

TEST_F(OffenceMarkerTest, MarksACommitmentThatWasNotRevealed) {
  scene_.chain().contracts().reports[{0, 1}].fill(0x10);  // the lowest bit 0: no root
  RunThrough(1);
  EXPECT_THAT(marked(), ElementsAre(Pair(0, 1), Pair(0, 2)));
  EXPECT_EQ(scene_.Included(kMarkMissed), 1);
  EXPECT_EQ(scene_.Included(kMarkUnrevealed), 1) << scene_.AllNotices();
}

TEST_F(OffenceMarkerTest, MarksNobodyWhoHasNoDuty) {
  testing::FakeContracts& state = scene_.chain().contracts();
  state.slots[1].active_until = 0;
  state.slots[2].ejected = true;
  RunThrough(1);
  EXPECT_THAT(marked(), IsEmpty());
  EXPECT_EQ(scene_.HandedIn(kMarkMissed), 0);
}

TEST_F(OffenceMarkerTest, PaysForNothingThatAnotherSlotMarked) {
  scene_.Start();
  scene_.RunUntil(schedule_.end(0) - 5);
  scene_.Add(scene_.MakeReport(0));
  scene_.chain().contracts().marked = {{0, 1}, {0, 2}};
  scene_.RunUntil(schedule_.settle_begin(0) + 60);
  EXPECT_EQ(scene_.HandedIn(kMarkMissed), 0);
}

TEST_F(OffenceMarkerTest, NeverMarksItsOwnSlot) {
  scene_.Start();
  scene_.RunUntil(schedule_.settle_begin(0) + 60);
  EXPECT_THAT(marked(), ElementsAre(Pair(0, 1), Pair(0, 2)));
}

TEST_F(OffenceMarkerTest, LeavesTheFirstBlocksToTheSlotWhoseTurnItIs) {
  chain::Contracts contracts(scene_.chain(), scene_.chain().deployment());
  const auto opened_s = schedule_.begin(0);
  scene_.chain().contracts().openings[0] = {Digest{1}, 1, opened_s};
  scene_.clock().Advance((schedule_.reveal_begin(0) + 1) * 1000 - scene_.clock().WallMs());
  // Turn of slot 0 for the offence of 1: the second; of slot 2: the first.
  chain::Block latest = scene_.chain().Latest().value();
  latest.timestamp_s = schedule_.reveal_begin(0);
  OffenceMarker first(contracts, scene_.key().address(), 2);
  const auto sent = first.Next(latest, 1000).value();
  ASSERT_TRUE(sent.has_value());
  EXPECT_EQ(sent->input, chain::MarkMissedCall(0, 1));
  OffenceMarker second(contracts, scene_.key().address(), 0);
  EXPECT_FALSE(second.Next(latest, 1000).value().has_value());
  EXPECT_TRUE(second.waiting());
  latest.timestamp_s += 2;
  EXPECT_EQ(second.Next(latest, 1000).value()->input, chain::MarkMissedCall(0, 1));
}

TEST_F(OffenceMarkerTest, KeepsTheLastCoinsForItsOwnReports) {
  scene_.settings.low_balance = ParseEther("100").value();
  RunThrough(1);
  EXPECT_THAT(marked(), IsEmpty());
  EXPECT_EQ(scene_.StageOf(0).stage, Stage::kDone);
}

TEST_F(OffenceMarkerTest, StopsWhereMarksBringNothing) {
  scene_.chain().contracts().slash = {};  // as when most of the stake that may be is slashed
  RunThrough(1);
  EXPECT_EQ(marked().size(), 1u);
  EXPECT_EQ(scene_.StageOf(0).stage, Stage::kDone);
  scene_.chain().contracts().slash = Uint256(1000);
  scene_.RunUntil(schedule_.settle_begin(1) + 60);
  EXPECT_THAT(marked(), ::testing::IsSupersetOf({Pair(1, 1), Pair(1, 2)}));
}

TEST_F(OffenceMarkerTest, MarksNobodyWithoutADutyOfItsOwn) {
  scene_.chain().contracts().slots[0].active_until = 0;
  scene_.chain().contracts().openings[0] = {Digest{1}, 1, schedule_.begin(0)};
  RunThrough(1);
  EXPECT_THAT(marked(), IsEmpty());
}

TEST_F(OffenceMarkerTest, LetsOwnPaySettleFirst) {
  EXPECT_LT(Rank(Purpose::kCommit), Rank(Purpose::kSettle));
  EXPECT_LT(Rank(Purpose::kSettle), Rank(Purpose::kMarkMissed));
  EXPECT_EQ(Rank(Purpose::kMarkUnrevealed), Rank(Purpose::kMarkMissed));
}

TEST_F(OffenceMarkerTest, TellsWhyItCannotLookAndBringsTheReportAllTheSame) {
  scene_.chain().contracts().answers["page(uint32,uint32)"] = Bytes{1, 2, 3};
  RunThrough(1);
  EXPECT_TRUE(scene_.Noticed("cannot mark offences")) << scene_.AllNotices();
  EXPECT_EQ(scene_.StageOf(0).stage, Stage::kDone);
}

}  // namespace
}  // namespace kaisar::reporter
