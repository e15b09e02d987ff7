// Logs that cannot be brought to their report: each costs its own epoch and no later one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audit/verify.h"
#include "base/file.h"
#include "checker/epoch_runner.h"
#include "tests/unit/checker/dispatch_scene.h"
#include "tests/unit/checker/runner_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Leaves epoch 0 open after so many records.
void LeaveOpen(RunnerScene& scene, std::uint64_t records) {
  scene.life.appends_left = records;
  ASSERT_EQ(scene.Run().code(), absl::StatusCode::kResourceExhausted);
  scene.life.appends_left = ~0ull;
}

void ExpectAuditorAccepts(const RunnerScene& scene, std::uint32_t epoch) {
  const auto verified = audit::Verify(scene.LogPath(epoch), scene.ReportPath(epoch));
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_THAT(verified->differences, IsEmpty());
}

/// The run went on to `next`, and epoch 0 is as it was left: with a log and without a report.
void ExpectOnlyEpoch0IsLost(const RunnerScene& scene, std::uint32_t next) {
  EXPECT_TRUE(scene.Exists(scene.LogPath(0)));
  EXPECT_FALSE(scene.Exists(scene.ReportPath(0)));
  ExpectAuditorAccepts(scene, next);
}

/// Changes a byte of the first record: its beacon is 32 times the same one.
void Damage(const std::string& path) {
  auto bytes = ReadFile(path, 1 << 24);
  ASSERT_TRUE(bytes.ok());
  const std::size_t at = bytes->find(std::string(32, '\1'));
  ASSERT_NE(at, std::string::npos);
  (*bytes)[at] = '\2';
  ASSERT_TRUE(WriteFile(path, *bytes).ok());
}

TEST(EpochRunnerLeavesOut, ADamagedLogOfTheEpochUnderWay) {
  RunnerScene scene(1);
  LeaveOpen(scene, 5);
  Damage(scene.LogPath(0));
  const std::size_t sent = scene.client.sent().size();
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.unusable,
              ElementsAre(AllOf(HasSubstr("epoch 0 is not reported"), HasSubstr("record 0"))));
  ASSERT_GT(scene.client.sent().size(), sent);
  EXPECT_GE(scene.client.sent()[sent].wall_ms, RunnerScene::kGenesisMs + RunnerScene::kEpochMs);
  ExpectOnlyEpoch0IsLost(scene, 1);
}

TEST(EpochRunnerLeavesOut, ADamagedLogOfLongAgoAtEachStart) {
  RunnerScene scene(1);
  LeaveOpen(scene, 5);
  Damage(scene.LogPath(0));
  scene.clock.Advance(3 * RunnerScene::kEpochMs);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.unusable, SizeIs(2));
  ExpectOnlyEpoch0IsLost(scene, 3);
  ExpectAuditorAccepts(scene, 4);
}

TEST(EpochRunnerLeavesOut, WhatIsNoLogAtAll) {
  RunnerScene scene(1);
  ASSERT_TRUE(WriteFile(scene.LogPath(0), "a file of another program\n").ok());
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.unusable, ElementsAre(HasSubstr("epoch-0.log")));
  ExpectOnlyEpoch0IsLost(scene, 1);
}

TEST(EpochRunnerLeavesOut, TheLogOfAnotherSlot) {
  RunnerScene scene(1);
  LeaveOpen(scene, 3);
  scene.settings.slot = 1;
  scene.roster.mutable_slots(0)->set_id(1);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.unusable, ElementsAre(HasSubstr("slot 0's, this is slot 1")));
  ExpectOnlyEpoch0IsLost(scene, 1);
}

TEST(EpochRunnerLeavesOut, AnEpochBeforeTheHashChainThatIsThereNow) {
  RunnerScene scene(1);
  LeaveOpen(scene, 5);
  scene.ReplaceHashChain(1);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.unusable, ElementsAre(HasSubstr("no secret for epoch 0")));
  ExpectOnlyEpoch0IsLost(scene, 1);
}

// With its secret the chain would take the commitment, and refuse the reveal: that costs more.
TEST(EpochRunnerLeavesOut, AnEpochThatBeganWithAnotherHashChain) {
  for (const std::uint64_t records : {1u, 5u}) {
    SCOPED_TRACE(records);
    RunnerScene scene(1);
    LeaveOpen(scene, records);
    scene.ReplaceHashChain(0);
    ASSERT_EQ(scene.Run(), absl::OkStatus());
    EXPECT_THAT(scene.unusable, ElementsAre(HasSubstr("it began with another hash chain")));
    ExpectOnlyEpoch0IsLost(scene, 1);
  }
}

TEST(EpochRunnerLeavesOut, NoEpochWhoseHashChainIsBackInTime) {
  RunnerScene scene(1);
  LeaveOpen(scene, 5);
  scene.ReplaceHashChain(1);
  scene.on_wait = [](checker::EpochRunner& runner) { runner.RequestStop(); };
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.unusable, SizeIs(1));
  scene.RestoreHashChain();
  scene.on_wait = nullptr;
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.unusable, SizeIs(1));
  ExpectAuditorAccepts(scene, 0);
}

TEST(EpochRunnerLeavesOut, AReportBesideOneThatWasSigned) {
  RunnerScene scene(1);
  audit::Report other;
  other.domain = SigningDomain{31337, {}};
  ASSERT_TRUE(scene.signatures->Sign(other, TestKey()).ok());
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.unusable, ElementsAre(HasSubstr("does not sign")));
  ExpectOnlyEpoch0IsLost(scene, 1);
}

// No epoch can be signed then: to go on would lose them all, one by one.
TEST(EpochRunnerLeavesOut, NothingWhenTheSignatureStoreFails) {
  RunnerScene scene(1);
  scene.signatures->dies = DyingSignatures::Dies::kBefore;
  EXPECT_EQ(scene.Run().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(scene.unusable, IsEmpty());
}

}  // namespace
}  // namespace kaisar::testing
