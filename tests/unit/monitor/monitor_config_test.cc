#include "monitor/monitor_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/file.h"

namespace kaisar::monitor {
namespace {

using ::testing::HasSubstr;

/// What the block says, or the one line that an operator sees.
absl::StatusOr<MonitorConfig> Read(const std::string& yaml) {
  auto root = YamlReader::Parse("checker.yaml", absl::StrCat("slot: 1\n", yaml));
  if (!root.ok()) return root.status();
  root->Uint("slot", 0, 9);
  const MonitorConfig config = ReadMonitorConfig(*root, "127.0.0.1:9464");
  const absl::Status status = root->Finish();
  if (!status.ok()) return status;
  return config;
}

std::string ErrorOf(const std::string& yaml) {
  const auto config = Read(yaml);
  return config.ok() ? "no error" : std::string(config.status().message());
}

TEST(MonitorConfig, ListensOnLoopbackUnlessToldOtherwise) {
  EXPECT_EQ(Read("")->listen, "127.0.0.1:9464");
  EXPECT_EQ(Read("monitor: {}")->listen, "127.0.0.1:9464");
  EXPECT_EQ(Read("monitor: {listen: off}")->listen, "");
  EXPECT_EQ(Read("monitor: {listen: \"127.1.2.3:0\"}")->listen, "127.1.2.3:0");
  EXPECT_EQ(Read("monitor: {listen: \"[::1]:80\"}")->listen, "[::1]:80");
}

TEST(MonitorConfig, NeedsATokenWhereOthersCanReachIt) {
  for (const char* address :
       {"0.0.0.0:9464", "[::]:9464", "192.0.2.1:9464", "[2001:db8::1]:9464"}) {
    EXPECT_THAT(ErrorOf(absl::StrCat("monitor: {listen: \"", address, "\"}")),
                HasSubstr("which others can reach: that needs a token beside it"));
    const auto config = Read(absl::StrCat("monitor: {listen: \"", address, "\", token: t}"));
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->listen, address);
    EXPECT_EQ(config->token_file, "t");
  }
}

TEST(MonitorConfig, RefusesWhatIsNoAddress) {
  for (const char* address :
       {"9464", "localhost:9464", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:", "::1:80",
        "[127.0.0.1]:80", "127.0.0.1:80,0.0.0.0:81"}) {
    EXPECT_THAT(ErrorOf(absl::StrCat("monitor: {listen: \"", address, "\"}")),
                HasSubstr("checker.yaml:2: monitor.listen: is "))
        << address;
  }
  EXPECT_THAT(ErrorOf("monitor: {port: 1}"), HasSubstr("monitor.port"));
}

class MonitorToken : public ::testing::Test {
 protected:
  MonitorToken() : path_(::testing::TempDir() + "/monitor_token") {}
  ~MonitorToken() override { std::filesystem::remove(path_); }
  absl::StatusOr<std::string> Read() { return ReadMonitorToken({"127.0.0.1:1", path_}); }
  const std::string path_;
};

TEST_F(MonitorToken, IsTheFirstLineOfAFileThatNobodyElseCanRead) {
  ASSERT_TRUE(WriteFile(path_, "0123456789abcdef\n", 0600).ok());
  EXPECT_EQ(*Read(), "0123456789abcdef");
  ASSERT_TRUE(WriteFile(path_, "0123456789abcdef\n", 0640).ok());
  EXPECT_TRUE(absl::IsPermissionDenied(Read().status()));
}

TEST_F(MonitorToken, IsNotShort) {
  ASSERT_TRUE(WriteFile(path_, "secret\n", 0600).ok());
  EXPECT_THAT(std::string(Read().status().message()),
              HasSubstr("the token has 6 bytes, expected at least 16"));
}

TEST_F(MonitorToken, IsNotAskedForWithoutAFile) {
  EXPECT_EQ(*ReadMonitorToken({"127.0.0.1:1", ""}), "");
}

}  // namespace
}  // namespace kaisar::monitor
