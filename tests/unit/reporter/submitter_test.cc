#include "reporter/submitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/report_tree.h"
#include "base/hex.h"
#include "chain/calls.h"
#include "tests/unit/reporter/submitter_scene.h"

namespace kaisar::reporter {
namespace {

using ::testing::HasSubstr;

Digest RootOf(const audit::SignedReport& report) {
  return audit::ReportTree::Make(report.report.words).value().root();
}

TEST(Submitter, BringsAReportThroughAllWindows) {
  SubmitterScene scene;
  scene.Start();
  scene.RunUntil(scene.schedule().end(0) - 5);
  const audit::SignedReport report = scene.MakeReport(0);
  scene.Add(report);
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kWaiting);
  scene.RunUntil(scene.schedule().reveal_begin(0) - 1);
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kCommitted) << scene.AllNotices();
  scene.RunUntil(scene.schedule().settle_begin(0) - 1);
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kRevealed) << scene.AllNotices();
  EXPECT_EQ(scene.OnChain(0), RootOf(report));
  scene.RunUntil(scene.schedule().settle_begin(0) + 60);
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kDone) << scene.AllNotices();
  EXPECT_TRUE(scene.submitter().idle());
  EXPECT_EQ(scene.Included(kCommit), 1);
  EXPECT_EQ(scene.Included(kReveal), 1);
  EXPECT_EQ(scene.chain().contracts().settled.size(), 6u);
  EXPECT_EQ(scene.notices(), std::vector<std::string>());
}

TEST(Submitter, IsInTheSecondBlockOfEachWindowAtTheLatest) {
  SubmitterScene scene;
  scene.Start();
  scene.Add(scene.MakeReport(0));
  scene.RunUntil(scene.schedule().settle_begin(0) + 10);
  const EpochStage stage = scene.StageOf(0);
  const auto commit = scene.chain().FindReceipt(stage.commit_transaction).value();
  const auto reveal = scene.chain().FindReceipt(stage.reveal_transaction).value();
  ASSERT_TRUE(commit.has_value() && reveal.has_value());
  const auto committed = scene.chain().BlockAt(commit->block_number).value();
  const auto revealed = scene.chain().BlockAt(reveal->block_number).value();
  EXPECT_LE(committed.timestamp_s, scene.schedule().end(0) + 1);
  EXPECT_LE(revealed.timestamp_s, scene.schedule().reveal_begin(0) + 1);
}

TEST(Submitter, OpensAnEpochAtItsTurn) {
  SubmitterScene scene;
  scene.Start();
  scene.RunUntil(scene.schedule().begin(0) + 4);
  ASSERT_EQ(scene.chain().contracts().openings.count(0), 1u) << scene.AllNotices();
  // Slot 0 is first in epoch 0 and last of three in epoch 2.
  scene.RunUntil(scene.schedule().begin(2) + 3);
  EXPECT_EQ(scene.chain().contracts().openings.count(2), 0u);
  scene.RunUntil(scene.schedule().begin(2) + 8);
  EXPECT_EQ(scene.chain().contracts().openings.count(2), 1u);
  EXPECT_EQ(scene.Included(kOpen), 3);
}

TEST(Submitter, OpensNothingThatAnotherSlotOpened) {
  SubmitterScene scene;
  scene.chain().contracts().openings[0] = {Digest{1}, 40, SubmitterScene::kGenesis};
  scene.Start();
  scene.RunUntil(scene.schedule().begin(0) + 60);
  EXPECT_EQ(scene.HandedIn(kOpen), 0);
}

TEST(Submitter, OpensLateWhatNobodyOpenedWhileTheBlocksHashWasThere) {
  SubmitterScene scene(1200);
  scene.chain().SetBalance(scene.key().address(), Uint256());  // nobody can pay at first
  scene.Start();
  const std::uint64_t begin = scene.schedule().begin(0);
  scene.RunUntil(begin + 300);
  scene.chain().SetBalance(scene.key().address(), ParseEther("10").value());
  scene.RunUntil(begin + 590);
  EXPECT_EQ(scene.HandedIn(kOpen), 0);
  EXPECT_EQ(scene.chain().contracts().openings.count(0), 0u);
  scene.RunUntil(begin + 640);
  EXPECT_EQ(scene.chain().contracts().openings.count(0), 1u) << scene.AllNotices();
  EXPECT_EQ(scene.Included("requestLate(uint32)"), 1);
  EXPECT_EQ(scene.Included("openLate(uint32)"), 1);
}

TEST(Submitter, TakesNoReportOfAnotherSlotOrContractOrUnsigned) {
  SubmitterScene scene;
  scene.Start();
  audit::SignedReport report = scene.MakeReport(0);
  report.report.slot = 2;
  absl::Status status = scene.submitter().Add(report);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("is of slot 2"));
  report = scene.MakeReport(0);
  report.report.transcript_root.fill(9);
  status = scene.submitter().Add(report);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("is not the one that the signature store has"));
  EXPECT_TRUE(scene.submitter().stages().empty());
}

TEST(Submitter, HoldsTheSlotWhenTheChainHasACommitmentThatItDidNotMake) {
  SubmitterScene scene;
  int held = 0;
  scene.key_held = [&held] { ++held; };
  scene.Start();
  scene.Add(scene.MakeReport(0));
  scene.RunUntil(scene.schedule().end(0) - 1);
  Digest foreign{};
  foreign.fill(0x42);
  scene.chain().contracts().reports[{0, 0}] = foreign;
  scene.Add(scene.MakeReport(1));
  scene.RunUntil(scene.schedule().settle_begin(0) + 5);
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kHeld);
  EXPECT_TRUE(scene.Noticed("the key of slot 0 is used elsewhere: epoch 0")) << scene.AllNotices();
  EXPECT_TRUE(scene.Noticed(ToHex(foreign)));
  scene.RunUntil(scene.schedule().settle_begin(1) + 5);
  EXPECT_NE(scene.StageOf(1).stage, Stage::kDone);
  EXPECT_EQ(scene.HandedIn(kCommit), 0);
  EXPECT_TRUE(scene.submitter().idle());
  EXPECT_EQ(held, 1);
  scene.Restart();
  scene.RunUntil(scene.schedule().end(3));
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kHeld);
  EXPECT_EQ(held, 1) << "a conflict of long ago holds nobody";
}

TEST(Submitter, IsDoneAtOnceWithWhatCanNoLongerBeSettled) {
  SubmitterScene scene;
  scene.chain().StandStill(true);
  scene.clock().StepWall(40ll * 24 * 3600 * 1000);
  scene.Start();
  scene.Add(scene.MakeReport(0));
  EXPECT_EQ(scene.StageOf(0).stage, Stage::kDone);
}

}  // namespace
}  // namespace kaisar::reporter
