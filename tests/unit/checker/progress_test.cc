// What the live display shows, and how it is redrawn.
#include "checker/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checker/progress_display.h"
#include "tests/unit/checker/dispatch_scene.h"

namespace kaisar::testing {
namespace {

using checker::Progress;
using checker::ProgressSnapshot;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Watched {
  explicit Watched(std::uint32_t devices) : scene(devices), progress({{1, "the first"}}) {}

  void Run(const std::vector<challenges::PlannedChallenge>& plan, std::uint64_t ms,
           const checker::ResumePoint& resume = {}) {
    progress.Begin(scene.epoch(), plan, resume);
    scene.on_outcome = [this](const checker::Outcome& outcome) {
      progress.Count(outcome, TestPolicy());
    };
    scene.Begin(plan, resume);
    scene.RunFor(ms);
  }

  DispatchScene scene;
  Progress progress;
};

TEST(Progress, CountsPerKindAndDevice) {
  Watched watched(2);
  watched.scene.client.behaviour(2).declines = true;
  watched.Run({Planned(100, 1, v1::LATENCY), Planned(100, 2, v1::LATENCY),
               Planned(200, 1, v1::MATMUL), Planned(900, 1, v1::LATENCY, 1)},
              500);
  const ProgressSnapshot state = watched.progress.Snapshot();
  EXPECT_EQ(state.kinds.at(v1::LATENCY).planned, 3u);
  EXPECT_EQ(state.kinds.at(v1::LATENCY).closed, 2u);
  EXPECT_EQ(state.kinds.at(v1::LATENCY).verdicts.failed, 1u);
  EXPECT_EQ(state.kinds.at(v1::MATMUL).verdicts.passed, 1u);
  ASSERT_THAT(state.devices, SizeIs(2));
  EXPECT_EQ(state.devices[0].name, "the first");
  EXPECT_EQ(state.devices[0].rtt_us, 1000u);
  EXPECT_GT(state.devices[0].ops_per_second, 0u);
  EXPECT_EQ(state.devices[1].name, "cpu");
  EXPECT_EQ(state.devices[1].last_reason, v1::REFUSED);
  EXPECT_EQ(state.devices[1].rtt_us, std::nullopt);
}

TEST(Progress, CountsWhatAnEarlierRunClosed) {
  Watched watched(1);
  checker::ResumePoint resume;
  resume.closed = {true, false};
  resume.live_from_ms = 50;
  watched.Run({Planned(10, 1, v1::LATENCY, 0), Planned(100, 1, v1::LATENCY, 1)}, 500, resume);
  const ProgressSnapshot state = watched.progress.Snapshot();
  EXPECT_EQ(state.kinds.at(v1::LATENCY).closed, 2u);
  EXPECT_EQ(state.kinds.at(v1::LATENCY).verdicts.passed, 1u);
}

TEST(Progress, ShowsEpochKindsAndDevices) {
  Watched watched(2);
  watched.Run({Planned(100, 1, v1::LATENCY), Planned(200, 2, v1::MATMUL)}, 1000);
  watched.progress.Notice("something to know");
  const auto lines =
      checker::RenderPanel(watched.progress.Snapshot(), watched.scene.clock.WallMs(), 120, 20);
  ASSERT_THAT(lines, SizeIs(7));
  EXPECT_EQ(lines[0], "epoch 3, slot 0: 59 s left, sent at most 0 ms late");
  EXPECT_THAT(lines[1], HasSubstr("latency         1 of 1   passed 1"));
  EXPECT_THAT(lines[2], HasSubstr("matmul          1 of 1   passed 1"));
  EXPECT_THAT(lines[4], HasSubstr("the first"));
  EXPECT_THAT(lines[4], HasSubstr("1.00 ms"));
  EXPECT_EQ(lines[6], "something to know");
}

TEST(Progress, ShowsBothRatesWhereThePlanAsksBandwidth) {
  Watched watched(2);
  watched.scene.client.behaviour(1).received_bytes = 25'000'000;
  watched.Run({Planned(100, 1, v1::BANDWIDTH)}, 10'000);
  const auto lines =
      checker::RenderPanel(watched.progress.Snapshot(), watched.scene.clock.WallMs(), 140, 20);
  ASSERT_THAT(lines, SizeIs(5));
  EXPECT_THAT(lines[1], HasSubstr("bandwidth       1 of 1   passed 1"));
  EXPECT_THAT(lines[2], ::testing::ContainsRegex("down +up"));
  EXPECT_THAT(lines[3], ::testing::ContainsRegex("100 Mbit/s +1.10 Gbit/s"));
  EXPECT_THAT(lines[4], ::testing::ContainsRegex("- +- "));
}

TEST(Progress, LeavesTheDevicesOutWhenThereAreMany) {
  Watched watched(3);
  watched.Run({Planned(100, 1, v1::LATENCY)}, 1000);
  EXPECT_THAT(checker::RenderPanel(watched.progress.Snapshot(), 0, 120, 2), SizeIs(2));
}

TEST(Progress, FitsTheTerminal) {
  Watched watched(3);
  watched.Run({Planned(100, 1, v1::LATENCY)}, 1000);
  watched.progress.Notice(std::string(300, 'x'));
  EXPECT_THAT(checker::RenderPanel(watched.progress.Snapshot(), 0, 40, 20),
              Each(::testing::ResultOf([](const std::string& line) { return line.size(); },
                                       ::testing::Le(40u))));
}

TEST(Progress, ShowsNothingBeforeTheFirstEpoch) {
  EXPECT_THAT(checker::RenderPanel(Progress({}).Snapshot(), 0, 80, 20), IsEmpty());
}

TEST(Progress, RedrawsOverThePanelBefore) {
  EXPECT_EQ(checker::RedrawPanel(0, {"a"}), "\r\x1b[Ja\n");
  EXPECT_EQ(checker::RedrawPanel(2, {"a", "b"}), "\x1b[2A\r\x1b[Ja\nb\n");
}

}  // namespace
}  // namespace kaisar::testing
