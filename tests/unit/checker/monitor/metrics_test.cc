#include "checker/monitor/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checker/monitor/metric_table.h"
#include "tests/unit/checker/dispatch_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Challenges of a scene, and what is said of them.
struct Counted {
  explicit Counted(std::uint32_t devices) : scene(devices) {}

  void Run(const std::vector<challenges::PlannedChallenge>& plan, std::uint64_t ms,
           const checker::ResumePoint& resume = {}) {
    metrics.EpochBegan(scene.epoch(), plan, resume);
    scene.on_outcome = [this](const checker::Outcome& outcome) {
      metrics.Closed(outcome, TestPolicy());
    };
    scene.Begin(plan, resume);
    scene.RunFor(ms);
  }

  DispatchScene scene;
  monitor::MetricSet set{checker::MetricTable(), scene.clock};
  checker::ChallengeMetrics metrics{set};
};

TEST(ChallengeMetrics, CountByKindPhaseVerdictAndReason) {
  Counted counted(2);
  for (const char* unknown : {"kaisar_checker_slot ", "kaisar_checker_epoch "}) {
    EXPECT_THAT(counted.set.Text(), Not(HasSubstr(unknown))) << "there is no epoch yet";
  }
  counted.scene.client.behaviour(2).declines = true;
  counted.Run({Planned(100, 1, v1::LATENCY), Planned(100, 2, v1::LATENCY),
               Planned(200, 1, v1::MATMUL), Planned(900, 1, v1::LATENCY, 1)},
              500);
  const std::string text = counted.set.Text();
  EXPECT_THAT(text, HasSubstr("challenges_closed_total{kind=\"latency\",phase=\"STANDBY\","
                              "reason=\"NONE\",verdict=\"PASS\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("challenges_closed_total{kind=\"latency\",phase=\"STANDBY\","
                              "reason=\"REFUSED\",verdict=\"FAIL\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("challenges_closed_total{kind=\"matmul\",phase=\"STANDBY\","
                              "reason=\"NONE\",verdict=\"PASS\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("reason=\"STOPPED\",verdict=\"INCONCLUSIVE\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("epoch_challenges{kind=\"latency\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("epoch_challenges_closed{kind=\"latency\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_checker_epoch 3\n"));
  EXPECT_THAT(text, HasSubstr("kaisar_checker_epoch_devices 2\n"));
}

TEST(ChallengeMetrics, MeasureWhatWasAnswered) {
  Counted counted(1);
  counted.Run({Planned(100, 1, v1::LATENCY), Planned(200, 1, v1::MATMUL)}, 500);
  const std::string text = counted.set.Text();
  EXPECT_THAT(text, HasSubstr("device_rtt_seconds_bucket{le=\"0.001\"} 1\n"));  // 1 ms
  EXPECT_THAT(text, HasSubstr("matmul_rate_share_ratio_count 1\n"));
  EXPECT_THAT(text, HasSubstr("challenge_lateness_seconds_count{kind=\"matmul\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("challenge_check_seconds_count{kind=\"latency\"} 1\n"));
}

TEST(ChallengeMetrics, CountWhatAnEarlierRunClosed) {
  Counted counted(1);
  checker::ResumePoint resume;
  resume.closed = {true, false};
  resume.live_from_ms = 50;
  counted.Run({Planned(10, 1, v1::LATENCY, 0), Planned(100, 1, v1::LATENCY, 1)}, 500, resume);
  EXPECT_THAT(counted.set.Text(), HasSubstr("epoch_challenges_closed{kind=\"latency\"} 2\n"));
}

TEST(ChallengeMetrics, TellHowMuchIsUnderWay) {
  Counted counted(1);
  checker::DispatchFigures figures;
  figures.open = 7;
  figures.checks_queued = 3;
  counted.metrics.Polled(figures);
  EXPECT_THAT(counted.set.Text(), HasSubstr("kaisar_checker_open_challenges 7\n"));
  EXPECT_THAT(counted.set.Text(), HasSubstr("kaisar_checker_queued_checks 3\n"));
}

TEST(ChallengeMetrics, AreAsManyForAnyNumberOfDevices) {
  const auto lines = [](std::uint32_t devices) {
    Counted counted(devices);
    std::vector<challenges::PlannedChallenge> plan;
    for (std::uint32_t id = 1; id <= devices; ++id) plan.push_back(Planned(100, id, v1::LATENCY));
    counted.Run(plan, 500);
    const std::string text = counted.set.Text();
    EXPECT_THAT(text, Not(HasSubstr("device=")));
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines(1), lines(40));
}

}  // namespace
}  // namespace kaisar::testing
