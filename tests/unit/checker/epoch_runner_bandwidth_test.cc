// Epochs with bandwidth: what is told, and what a run that ends in a test leaves to the next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checker/epoch_runner.h"
#include "tests/unit/checker/dispatch_scene.h"
#include "tests/unit/checker/runner_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::SizeIs;

std::vector<v1::ChallengeClosed> BandwidthOf(const RunnerScene& scene, std::uint32_t epoch) {
  std::vector<v1::ChallengeClosed> found;
  for (const v1::Record& record : scene.Records(epoch)) {
    if (record.has_closed() && record.closed().kind() == v1::BANDWIDTH) {
      found.push_back(record.closed());
    }
  }
  return found;
}

std::size_t CountNotices(const RunnerScene& scene, const std::string& part) {
  std::size_t count = 0;
  for (const std::string& notice : scene.notices) {
    if (notice.find(part) != std::string::npos) ++count;
  }
  return count;
}

TEST(EpochRunner, TellsOnceAnEpochHowManyDevicesAreTooFastForTheConnection) {
  RunnerScene scene(3);
  scene.settings.policy = TestPolicyWithBandwidth();
  scene.settings.limits.line = {1'000'000'000, 1'000'000'000};
  scene.roster.mutable_devices(0)->set_down_bits_per_second(100'000'000);
  scene.roster.mutable_devices(0)->set_up_bits_per_second(100'000'000);
  ASSERT_EQ(scene.Run(2), absl::OkStatus());
  EXPECT_EQ(CountNotices(scene, "the bandwidth of 2 of 3 devices is not measured in epoch 0"), 1u);
  EXPECT_EQ(CountNotices(scene, "the bandwidth of 2 of 3 devices is not measured in epoch 1"), 1u);
  for (const v1::ChallengeClosed& closed : BandwidthOf(scene, 0)) {
    EXPECT_EQ(closed.transport() == v1::NOT_SENT, closed.device() != 1)
        << closed.ShortDebugString();
  }
}

TEST(EpochRunner, ClosesATestThatItWasStoppedInAsStopped) {
  RunnerScene scene(1);
  scene.settings.policy = TestPolicyWithBandwidth();
  scene.settings.limits.line = {2'000'000'000, 2'000'000'000};
  scene.on_wait = [&](checker::EpochRunner& runner) {
    if (scene.processes.Running() > 0) runner.RequestStop();
  };
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  scene.on_wait = nullptr;
  ASSERT_THAT(scene.processes.Records(), SizeIs(1)) << "the plan ran no test";
  EXPECT_THAT(BandwidthOf(scene, 0), SizeIs(0));
  scene.clock.Advance(1);
  EXPECT_EQ(scene.processes.Running(), 0u);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  const std::vector<v1::ChallengeClosed> closed = BandwidthOf(scene, 0);
  ASSERT_THAT(closed, SizeIs(1));
  EXPECT_EQ(closed[0].reason(), v1::STOPPED);
  EXPECT_THAT(scene.processes.Records(), SizeIs(1)) << "never sent again";
}

}  // namespace
}  // namespace kaisar::testing
