// What the newest report on the disk came to, for who asks how a slot stands.
#include "checker/last_report.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "tests/unit/checker/runner_scene.h"

namespace kaisar::testing {
namespace {

using checker::LastReport;
using checker::ReadLastReport;

TEST(LastReport, CountsTheDevicesAndThoseThatHaveAScore) {
  RunnerScene scene(3);
  EXPECT_FALSE(ReadLastReport(scene.settings.data_dir).has_value());
  ASSERT_EQ(scene.Run(2), absl::OkStatus());
  std::optional<LastReport> last = ReadLastReport(scene.settings.data_dir);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->epoch, 1u);
  EXPECT_EQ(last->devices, 3u);
  EXPECT_EQ(last->scored, 3u);
  std::filesystem::remove(scene.LogPath(1));
  last = ReadLastReport(scene.settings.data_dir);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->devices, 3u);
}

TEST(LastReport, SaysWhenNoDeviceHasAScore) {
  RunnerScene scene(3);
  scene.make_report = [](const std::string& log_path) {
    auto made = audit::MakeReport(log_path);
    if (made.ok()) made->report.words.clear();
    return made;
  };
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  const std::optional<LastReport> last = ReadLastReport(scene.settings.data_dir);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->devices, 3u);
  EXPECT_EQ(last->scored, 0u);
}

TEST(LastReport, IsUnknownWhereItCannotBeRead) {
  RunnerScene scene(1);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  ASSERT_EQ(WriteFile(scene.ReportPath(0), "{"), absl::OkStatus());
  EXPECT_FALSE(ReadLastReport(scene.settings.data_dir).has_value());
}

}  // namespace
}  // namespace kaisar::testing
