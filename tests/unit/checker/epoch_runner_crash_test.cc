// Wherever a run ends, the next one brings the same epoch to a report that an auditor accepts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "audit/verify.h"
#include "base/file.h"
#include "checker/epoch_runner.h"
#include "tests/unit/checker/runner_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::IsEmpty;

constexpr std::size_t kChallenges = 6;  // of a device, by the test policy

void ExpectAuditorAccepts(const RunnerScene& scene) {
  const auto verified = audit::Verify(scene.LogPath(0), scene.ReportPath(0));
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_THAT(verified->differences, IsEmpty());
}

/// Each planned challenge is closed once and was sent at most once, and what was sent is recorded.
void ExpectAccountedFor(const RunnerScene& scene, std::size_t challenges) {
  std::map<std::string, int> closed;
  std::set<std::string> issued;
  std::set<std::string> committed;
  for (const v1::Record& record : scene.Records(0)) {
    if (record.has_issued()) issued.insert(record.issued().challenge().challenge().challenge_id());
    if (record.has_commitment()) {
      committed.insert(record.commitment().challenge_id());
    }
    if (record.has_closed()) ++closed[record.closed().challenge_id()];
  }
  EXPECT_EQ(closed.size(), challenges);
  for (const auto& [id, times] : closed) EXPECT_EQ(times, 1);
  std::map<std::string, int> sent;
  for (const FakeSent& what : scene.client.sent()) {
    if (what.wall_ms >= RunnerScene::kGenesisMs + RunnerScene::kEpochMs)
      continue;  // the next one's
    if (what.samples) {
      EXPECT_TRUE(committed.contains(what.challenge_id)) << "samples without a commitment";
    } else {
      EXPECT_EQ(++sent[what.challenge_id], 1) << "sent twice";
      EXPECT_TRUE(issued.contains(what.challenge_id)) << "sent and not recorded";
    }
  }
}

TEST(EpochRunner, ComesToTheSameEndFromEveryRecordOn) {
  RunnerScene whole(2);
  ASSERT_EQ(whole.Run(), absl::OkStatus());
  const std::uint64_t appends = whole.life.appends;
  ASSERT_GT(appends, 2 * 2 * kChallenges);
  ExpectAuditorAccepts(whole);
  for (std::uint64_t kept = 0; kept < appends; ++kept) {
    SCOPED_TRACE(kept);
    RunnerScene scene(2);
    scene.life.appends_left = kept;
    EXPECT_EQ(scene.Run().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_FALSE(scene.Exists(scene.ReportPath(0)));
    scene.life.appends_left = ~0ull;
    scene.clock.Advance(700);
    ASSERT_EQ(scene.Run(), absl::OkStatus());
    ExpectAccountedFor(scene, 2 * kChallenges);
    ExpectAuditorAccepts(scene);
    if (::testing::Test::HasFailure()) return;
  }
}

// Every run ends after three records more, until the epoch is through.
TEST(EpochRunner, GetsThroughAnEpochOfManyCrashes) {
  RunnerScene scene(2);
  absl::Status status = absl::UnknownError("not run");
  for (int run = 0; run < 60 && !status.ok(); ++run) {
    scene.life.appends_left = 3;
    status = scene.Run();
    scene.clock.Advance(200);
  }
  ASSERT_EQ(status, absl::OkStatus());
  ExpectAccountedFor(scene, 2 * kChallenges);
  ExpectAuditorAccepts(scene);
}

TEST(EpochRunner, MakesTheSameReportWhereverItsMakingEnds) {
  const auto ends = {0, 1, 2};
  for (const int end : ends) {
    SCOPED_TRACE(end);
    RunnerScene scene(1);
    scene.life.dies_in_finish = end == 0;
    scene.signatures->dies = end == 1   ? DyingSignatures::Dies::kBefore
                             : end == 2 ? DyingSignatures::Dies::kAfter
                                        : DyingSignatures::Dies::kNever;
    EXPECT_FALSE(scene.Run().ok());
    EXPECT_FALSE(scene.Exists(scene.ReportPath(0)));
    const std::size_t sent = scene.client.sent().size();
    scene.life.dies_in_finish = false;
    scene.signatures->dies = DyingSignatures::Dies::kNever;
    ASSERT_EQ(scene.Run(1), absl::OkStatus());
    ASSERT_FALSE(scene.results.empty());
    EXPECT_EQ(scene.results[0].report.report.epoch, 0u);
    EXPECT_GT(scene.client.sent().size(), sent) << "the next epoch ran, too";
    ExpectAuditorAccepts(scene);
  }
}

TEST(EpochRunner, LeavesAReportAlone) {
  RunnerScene scene(1);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  const auto before = ReadFile(scene.ReportPath(0), 1 << 20);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  const auto after = ReadFile(scene.ReportPath(0), 1 << 20);
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_EQ(*before, *after);
  EXPECT_TRUE(scene.Exists(scene.ReportPath(1)));
}

}  // namespace
}  // namespace kaisar::testing
