// Epoch after epoch: opened, dispatched, closed, scored, signed, reported.
#include "checker/epoch_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "audit/report.h"
#include "base/directory_lock.h"
#include "base/file.h"
#include "tests/unit/checker/dispatch_scene.h"
#include "tests/unit/checker/runner_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kChallenges = 6;  // of a device, by the test policy

audit::SignedReport ReadReport(const std::string& path) {
  const auto json = ReadFile(path, 1 << 20);
  EXPECT_TRUE(json.ok()) << json.status();
  auto report = audit::ParseReport(json.value_or(""));
  EXPECT_TRUE(report.ok()) << report.status();
  return report.value_or(audit::SignedReport());
}

TEST(EpochRunner, RunsAnEpochAndReportsIt) {
  RunnerScene scene(2);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  const std::vector<v1::Record> records = scene.Records(0);
  ASSERT_FALSE(records.empty());
  EXPECT_TRUE(records.front().has_epoch_opened());
  EXPECT_EQ(records.front().epoch_opened().policy(), TestPolicyYaml());
  EXPECT_TRUE(records.back().has_epoch_closed());
  EXPECT_GE(records.back().epoch_closed().closed_ms(),
            records.front().epoch_opened().epoch_end_ms());
  EXPECT_EQ(scene.outcomes, 2 * kChallenges);
  ASSERT_THAT(scene.results, SizeIs(1));
  EXPECT_EQ(scene.results[0].records, records.size());
  for (const audit::DeviceScore& score : scene.results[0].scores) {
    EXPECT_EQ(score.passed, kChallenges);
    EXPECT_TRUE(score.score.has_value());
  }
  const audit::SignedReport report = ReadReport(scene.ReportPath(0));
  EXPECT_EQ(report.report, scene.results[0].report.report);
  EXPECT_EQ(report.report.secret[0],
            static_cast<std::uint8_t>(records.back().epoch_closed().secret()[0]));
}

TEST(EpochRunner, RunsOneEpochAfterTheOther) {
  RunnerScene scene(1);
  ASSERT_EQ(scene.Run(3), absl::OkStatus());
  EXPECT_THAT(scene.results, SizeIs(3));
  for (std::uint32_t epoch = 0; epoch < 3; ++epoch) {
    EXPECT_EQ(ReadReport(scene.ReportPath(epoch)).report.epoch, epoch);
    EXPECT_EQ(scene.Records(epoch)[0].epoch_opened().beacon()[0], static_cast<char>(epoch + 1));
  }
}

TEST(EpochRunner, WaitsForGenesis) {
  RunnerScene scene(1);
  scene.clock.StepWall(-30'000);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.notices, Contains("the next epoch begins in 30 s"));
  EXPECT_EQ(scene.Records(0)[0].epoch_opened().beacon_ms(), RunnerScene::kGenesisMs);
}

TEST(EpochRunner, RunsWhatIsLeftOfAnEpochAndSaysSo) {
  RunnerScene scene(1);
  scene.clock.Advance(12'000);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.notices, Contains(HasSubstr("only 8 s of epoch 0 are left")));
  EXPECT_EQ(scene.outcomes, kChallenges);
}

TEST(EpochRunner, LeavesOutAnEpochThatIsNearlyOver) {
  RunnerScene scene(1);
  scene.clock.Advance(16'000);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_FALSE(scene.Exists(scene.LogPath(0)));
  EXPECT_TRUE(scene.Exists(scene.ReportPath(1)));
}

TEST(EpochRunner, RefusesADirectoryThatAnotherHas) {
  RunnerScene scene(1);
  const auto lock = DirectoryLock::Acquire(scene.settings.data_dir);
  ASSERT_TRUE(lock.ok());
  const absl::Status status = scene.Run();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(scene.client.sent(), IsEmpty());
  EXPECT_FALSE(scene.Exists(scene.LogPath(0)));
}

TEST(EpochRunner, StopsWhenAskedAndGoesOnLater) {
  RunnerScene scene(2);
  scene.on_wait = [&](checker::EpochRunner& runner) {
    if (scene.clock.WallMs() >= RunnerScene::kGenesisMs + 8000) runner.RequestStop();
  };
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_FALSE(scene.Exists(scene.ReportPath(0)));
  EXPECT_LE(scene.clock.WallMs(), RunnerScene::kGenesisMs + 8000 + 2100);
  const std::size_t sent = scene.client.sent().size();

  scene.on_wait = nullptr;
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_GT(scene.client.sent().size(), sent);
  EXPECT_EQ(scene.outcomes, 2 * kChallenges);
  EXPECT_TRUE(scene.Exists(scene.ReportPath(0)));
}

TEST(EpochRunner, ClosesAnEpochThatWasLeftOpenLongAgo) {
  RunnerScene scene(1);
  scene.life.appends_left = 3;
  EXPECT_EQ(scene.Run().code(), absl::StatusCode::kResourceExhausted);
  scene.life.appends_left = ~0ull;
  scene.clock.Advance(2 * RunnerScene::kEpochMs);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  ASSERT_THAT(scene.results, SizeIs(2));
  EXPECT_EQ(scene.results[0].report.report.epoch, 0u);
  EXPECT_EQ(scene.results[1].report.report.epoch, 2u);
  std::size_t stopped = 0;
  for (const v1::Record& record : scene.Records(0)) {
    stopped += record.closed().reason() == v1::STOPPED;
  }
  EXPECT_GE(stopped, kChallenges - 1);
  EXPECT_THAT(scene.notices, Contains("epoch 0 was left open; closing it"));
}

// A roster file that changed overnight does not change an epoch that has begun.
TEST(EpochRunner, GoesOnWithTheRosterOfTheLog) {
  RunnerScene scene(2);
  scene.life.appends_left = 3;
  EXPECT_FALSE(scene.Run().ok());
  scene.life.appends_left = ~0ull;
  scene.roster.mutable_devices()->RemoveLast();
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.results[0].scores, SizeIs(2));
}

}  // namespace
}  // namespace kaisar::testing
