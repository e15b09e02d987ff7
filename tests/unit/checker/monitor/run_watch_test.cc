#include "checker/monitor/run_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "checker/monitor/metric_table.h"
#include "checker/monitor/metrics_run.h"
#include "tests/support/fake_clock.h"

namespace kaisar::checker {
namespace {

class RunWatchTest : public ::testing::Test {
 protected:
  testing::FakeClock clock_{1'800'000'000'000};
  std::vector<double> told_;
  RunWatch watch_{::testing::TempDir(), /*on_chain=*/true, clock_,
                  [this](double seconds) { told_.push_back(seconds); }};
};

TEST_F(RunWatchTest, SeesThatTheClockWasSet) {
  clock_.Advance(3'600'000);
  EXPECT_EQ(watch_.Facts().clock_steps, 0U);
  clock_.StepWall(-60'000);
  watch_.DispatchAlive();
  clock_.Advance(5'000);
  const RunFacts facts = watch_.Facts();
  EXPECT_EQ(facts.clock_steps, 1U);
  EXPECT_EQ(facts.clock_step_seconds, -60);
  EXPECT_EQ(facts.now_ns - *facts.clock_stepped_ns, 5'000'000'000U);
  EXPECT_THAT(told_, ::testing::ElementsAre(-60));
}

TEST_F(RunWatchTest, CountsWhatKeepsFromEarning) {
  monitor::MetricSet set(MetricTable(), clock_);
  const RunMetrics metrics(set, watch_, clock_);
  EXPECT_THAT(set.Text(), ::testing::HasSubstr("kaisar_checker_keeping_problems 1\n"));
  watch_.Refused("no room");
  clock_.StepWall(-60'000);  // which keeps nobody from earning
  clock_.Advance(5'000);
  const std::string text = set.Text();
  EXPECT_THAT(text, ::testing::HasSubstr("kaisar_checker_keeping_problems 2\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("kaisar_checker_problems{code=\"clock_stepped\"} 1\n"));
}

TEST_F(RunWatchTest, TakesSlewingForNoStep) {
  for (int i = 0; i < 100; ++i) {
    clock_.Advance(1'000);
    clock_.StepWall(20);
    watch_.DispatchAlive();
  }
  EXPECT_EQ(watch_.Facts().clock_steps, 0U);
}

TEST_F(RunWatchTest, KeepsWhatWasReadWhileTheChainIsOutOfSight) {
  SlotStatus status;
  status.slot = 4;
  watch_.ChainRead(status, 1'000);
  clock_.Advance(9'000);
  watch_.ChainRead(absl::UnavailableError("no endpoint answers"), 1'000);
  const RunFacts facts = watch_.Facts();
  EXPECT_EQ(facts.slot->slot, 4U);
  EXPECT_EQ(facts.now_ns - *facts.chain_read_ns, 9'000'000'000U);
  EXPECT_EQ(facts.chain_trouble, "no endpoint answers");
  watch_.ChainRead(status, 1'000);
  EXPECT_EQ(watch_.Facts().chain_trouble, "");
}

TEST_F(RunWatchTest, KeepsWhichLogsAreUnusableUntilTheyAreMovedAwayOrReported) {
  std::vector<std::string> paths;
  for (const char* name : {"moved", "reported"}) {
    paths.push_back(absl::StrCat(::testing::TempDir(), "/run-watch-", name, ".log"));
    ASSERT_TRUE(WriteFile(paths.back(), "no log").ok());
    watch_.LogUnusable(paths.back(), "no log");
  }
  EXPECT_EQ(watch_.Facts().unusable_logs.size(), 2U);
  ASSERT_EQ(unlink(paths[0].c_str()), 0);
  EXPECT_EQ(watch_.Facts().unusable_logs.size(), 1U);
  watch_.LogUnusable(paths[1], "");
  EXPECT_EQ(watch_.Facts().unusable_logs.size(), 0U);
}

TEST_F(RunWatchTest, KeepsWhenAndWhyTheEpochsEnded) {
  EXPECT_FALSE(watch_.Facts().dispatch_failed_ns.has_value());
  watch_.DispatchFailed("disk is full");
  clock_.Advance(3'000);
  const RunFacts facts = watch_.Facts();
  EXPECT_EQ(facts.now_ns - *facts.dispatch_failed_ns, 3'000'000'000U);
  EXPECT_EQ(facts.dispatch_trouble, "disk is full");
}

TEST_F(RunWatchTest, LooksAtTheFileSystem) {
  const RunFacts facts = watch_.Facts();
  EXPECT_GT(facts.size_bytes, 0U);
  EXPECT_LE(facts.free_bytes, facts.size_bytes);
}

}  // namespace
}  // namespace kaisar::checker
