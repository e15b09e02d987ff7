// A disk that is nearly full: an epoch whose log would not fit is not begun.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checker/epoch_runner.h"
#include "tests/unit/checker/runner_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(EpochRunnerRoom, BeginsNoEpochWhoseLogWouldNotFit) {
  RunnerScene scene(2);
  scene.free_bytes = 1'000;
  scene.on_wait = [&](checker::EpochRunner&) {
    // Somebody makes room when the first epoch is over.
    if (scene.clock.WallMs() >= RunnerScene::kGenesisMs + RunnerScene::kEpochMs) {
      scene.free_bytes = std::uint64_t{1} << 40;
    }
  };
  ASSERT_TRUE(scene.Run().ok());
  EXPECT_FALSE(scene.Exists(scene.LogPath(0)));
  EXPECT_TRUE(scene.Exists(scene.ReportPath(1)));
  ASSERT_THAT(scene.no_room, Not(IsEmpty()));
  EXPECT_THAT(scene.no_room[0], HasSubstr("epoch 0 is not begun: its log takes up to "));
  EXPECT_THAT(scene.no_room[0], HasSubstr("1000 are free in "));
  // Told once, however often it was tried.
  std::size_t told = 0;
  for (const std::string& notice : scene.notices) {
    told += notice.find("no part in epoch 0") != std::string::npos;
  }
  EXPECT_EQ(told, 1U);
}

TEST(EpochRunnerRoom, GoesOnWithTheEpochOnceThereIsRoom) {
  RunnerScene scene(1);
  scene.free_bytes = 0;
  scene.on_wait = [&](checker::EpochRunner&) {
    if (scene.clock.WallMs() >= RunnerScene::kGenesisMs + 3'000) scene.free_bytes = 1ull << 40;
  };
  ASSERT_TRUE(scene.Run().ok());
  EXPECT_TRUE(scene.Exists(scene.ReportPath(0)));
}

TEST(EpochRunnerRoom, GoesOnWithALogThatIsBegun) {
  RunnerScene scene(1);
  scene.on_wait = [&](checker::EpochRunner& runner) {
    if (scene.outcomes > 0) runner.RequestStop();
  };
  ASSERT_TRUE(scene.Run().ok());
  ASSERT_TRUE(scene.Exists(scene.LogPath(0)));
  scene.on_wait = nullptr;
  scene.free_bytes = 0;
  ASSERT_TRUE(scene.Run().ok());
  EXPECT_TRUE(scene.Exists(scene.ReportPath(0)));
  EXPECT_THAT(scene.no_room, IsEmpty());
}

}  // namespace
}  // namespace kaisar::testing
