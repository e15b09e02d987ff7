// Days on which this machine is the trouble: a full disk, a clock that is set.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "audit/verify.h"
#include "checker/log_estimate.h"
#include "checker/monitor/readiness.h"
#include "checker/monitor/run_watch.h"
#include "tests/unit/checker/runner_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<std::string> Codes(checker::RunWatch& watch) {
  std::vector<std::string> codes;
  for (const auto& problem : CheckReadiness(watch.Facts()).problems) codes.push_back(problem.code);
  return codes;
}

/// A small file system of its own, as the data directory of a scene.
class SmallDisk {
 public:
  SmallDisk(const std::string& folder, std::uint64_t bytes) : folder_(folder) {
    std::filesystem::create_directory(folder_);
    const std::string size = absl::StrCat("size=", bytes);
    mounted_ = mount("tmpfs", folder_.c_str(), "tmpfs", 0, size.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::uint64_t free_bytes() const { return checker::FreeBytes(folder_).value(); }
  /// Fills it until so much is free.
  void LeaveFree(std::uint64_t bytes) {
    const std::string path = folder_ + "/other";
    std::filesystem::remove(path);
    const std::uint64_t now_free = free_bytes();
    ASSERT_GT(now_free, bytes);
    const int file = open(path.c_str(), O_CREAT | O_WRONLY, 0600);
    ASSERT_EQ(posix_fallocate(file, 0, static_cast<off_t>(now_free - bytes)), 0);
    close(file);
  }

 private:
  const std::string folder_;
  bool mounted_ = false;
};

TEST(BadDay, TheDiskIs95PercentFull) {
  RunnerScene scene(2);
  const std::uint64_t log_bytes = checker::MostLogBytes(TestPolicy(), scene.roster);
  const std::string folder = scene.settings.data_dir + "/small";
  SmallDisk disk(folder, 24 * log_bytes);
  if (!disk.mounted()) GTEST_SKIP() << "cannot mount a small file system: " << strerror(errno);
  scene.settings.data_dir = folder;
  checker::RunWatch watch(folder, /*on_chain=*/false, scene.clock);
  EXPECT_THAT(Codes(watch), IsEmpty());

  disk.LeaveFree(log_bytes + log_bytes / 10);  // less than 5 %, more than a log
  EXPECT_THAT(Codes(watch), ElementsAre("disk_low"));
  bool filled = false;
  scene.on_wait = [&](checker::EpochRunner&) {
    scene.free_bytes = disk.free_bytes();
    if (filled || scene.outcomes == 0) return;
    filled = true;  // in the middle of epoch 0, something else takes what there is
    disk.LeaveFree(log_bytes - log_bytes / 8);
  };
  scene.free_bytes = disk.free_bytes();
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_TRUE(filled);
  EXPECT_TRUE(scene.Exists(scene.ReportPath(0))) << "an epoch that is begun is brought to its end";
  EXPECT_THAT(scene.no_room, IsEmpty());

  std::vector<std::string> refused;
  scene.on_wait = [&](checker::EpochRunner&) {
    scene.free_bytes = disk.free_bytes();
    if (scene.clock.WallMs() < RunnerScene::kGenesisMs + 2 * RunnerScene::kEpochMs ||
        !refused.empty())
      return;
    for (const std::string& why : std::exchange(scene.no_room, {})) watch.Refused(why);
    refused = Codes(watch);
    std::filesystem::remove(folder + "/other");  // the operator makes room
  };
  scene.free_bytes = disk.free_bytes();
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(refused, ElementsAre("disk_full"));
  EXPECT_FALSE(scene.Exists(scene.LogPath(1))) << "refused before anything of it could be lost";
  EXPECT_TRUE(scene.Exists(scene.ReportPath(2)));
}

class ClockStep : public ::testing::TestWithParam<std::int64_t> {};

// Whatever is set by whom: nobody is judged by a clock that was wrong.
TEST_P(ClockStep, BadDayTheClockIsSetByAMinute) {
  constexpr std::uint64_t kStepAtMs = 90'000;
  constexpr std::uint32_t kDevices = 10;
  RunnerScene scene(kDevices);
  scene.epoch_ms = 240'000;
  std::vector<double> told;
  checker::RunWatch watch(scene.settings.data_dir, /*on_chain=*/false, scene.clock,
                          [&](double seconds) { told.push_back(seconds); });
  const std::uint64_t began_ns = scene.clock.MonotonicNs();
  scene.on_wait = [&](checker::EpochRunner&) { watch.DispatchAlive(); };
  std::set<std::string> sent;
  bool stepped = false;
  scene.client.on_sent = [&](const FakeSent& what) {
    EXPECT_TRUE(what.samples || sent.insert(what.challenge_id).second) << "sent twice";
    const bool due = scene.clock.WallMs() >= RunnerScene::kGenesisMs + kStepAtMs;
    if (due && !std::exchange(stepped, true)) scene.clock.StepWall(GetParam());
  };
  ASSERT_EQ(scene.Run(), absl::OkStatus());

  EXPECT_THAT(told, ElementsAre(static_cast<double>(GetParam()) / 1e3));
  EXPECT_EQ(watch.Facts().clock_steps, 1U);
  EXPECT_EQ(Codes(watch), std::vector<std::string>{"clock_stepped"});
  EXPECT_TRUE(CheckReadiness(watch.Facts()).ready);
  // The epoch ends by the wall clock: a minute sooner, or later.
  const std::uint64_t lasted_ms = (scene.clock.MonotonicNs() - began_ns) / 1'000'000;
  EXPECT_NEAR(static_cast<double>(lasted_ms), static_cast<double>(240'000 - GetParam()), 2'000);

  std::map<v1::Reason, int> reasons;
  for (const v1::Record& record : scene.Records(0)) {
    if (!record.has_closed()) continue;
    EXPECT_NE(record.closed().verdict(), v1::FAIL) << record.closed().ShortDebugString();
    ++reasons[record.closed().reason()];
  }
  EXPECT_EQ(scene.outcomes, kDevices * 6) << "each challenge of the plan, once";
  EXPECT_GE(reasons[v1::CLOCK_STEPPED], 1);
  EXPECT_GT(reasons[v1::NONE], 20);
  // What was due in the minute that never was, was not sent.
  EXPECT_EQ(reasons[v1::CHECKER_OVERLOADED] > 0, GetParam() > 0);
  const auto verified = audit::Verify(scene.LogPath(0), scene.ReportPath(0));
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_THAT(verified->differences, IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(AMinute, ClockStep, ::testing::Values(60'000, -60'000));

}  // namespace
}  // namespace kaisar::testing
