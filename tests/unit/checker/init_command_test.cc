#include "checker/init_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "absl/strings/str_replace.h"
#include "base/file.h"
#include "checker/config.h"
#include "checker/roster_file.h"

namespace kaisar::checker {
namespace {

namespace fs = std::filesystem;

class InitCommand : public ::testing::Test {
 protected:
  InitCommand() {
    std::string pattern = (fs::temp_directory_path() / "kaisar-init-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  ~InitCommand() override { fs::remove_all(root_); }

  fs::path root_;
  std::ostringstream out_;
};

TEST_F(InitCommand, WritesAConfigAndARosterThatCanBeRead) {
  ASSERT_TRUE(WriteExamples(root_ / "new", out_).ok());
  const auto config = ReadConfig(root_ / "new/checker.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->roster, root_ / "new/roster.yaml");
  const std::string roster = ReadFile(config->roster, 1 << 20).value();
  EXPECT_TRUE(ParseRosterFile("roster.yaml", roster).ok());
}

TEST_F(InitCommand, ShowsTheRealDefaultsInItsComments) {
  ASSERT_TRUE(WriteExamples(root_, out_).ok());
  const std::string text = ReadFile(root_ / "checker.yaml", 1 << 20).value();
  const std::string set = absl::StrReplaceAll(text, {{"# check_threads", "check_threads"},
                                                     {"# max_matmul", "max_matmul"},
                                                     {"# connect_timeout", "connect_timeout"},
                                                     {"# idle_timeout", "idle_timeout"},
                                                     {"# log_level", "log_level"}});
  const auto config = ParseConfig("checker.yaml", set);
  ASSERT_TRUE(config.ok()) << config.status();
  const Config defaults;
  EXPECT_EQ(config->check_threads, defaults.check_threads);
  EXPECT_EQ(config->max_matmul_in_flight, defaults.max_matmul_in_flight);
  EXPECT_EQ(config->connect_timeout_ms, defaults.connect_timeout_ms);
  EXPECT_EQ(config->idle_timeout_ms, defaults.idle_timeout_ms);
  EXPECT_EQ(config->log_level, defaults.log_level);
}

TEST_F(InitCommand, ShowsTheRealDefaultsOfTheChainInItsComments) {
  ASSERT_TRUE(WriteExamples(root_, out_).ok());
  const std::string text = ReadFile(root_ / "checker.yaml", 1 << 20).value();
  const std::string set = absl::StrReplaceAll(text, {{"# registry: file", "registry: evm"},
                                                     {"\nroster:", "\n# roster:"},
                                                     {"\n# chain:", "\nchain:"},
                                                     {"\n#   ", "\n  "}});
  const auto config = ParseConfig("checker.yaml", set);
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_TRUE(config->chain.has_value());
  const ChainConfig defaults;
  EXPECT_EQ(config->chain->confirmations, defaults.confirmations);
  EXPECT_EQ(config->chain->max_fee_gwei, defaults.max_fee_gwei);
  EXPECT_EQ(config->chain->low_balance, defaults.low_balance);
  EXPECT_EQ(config->chain->timeout_ms, defaults.timeout_ms);
  EXPECT_EQ(config->chain->settle_batch, defaults.settle_batch);
}

TEST_F(InitCommand, NeverWritesOverAFileThatIsThere) {
  ASSERT_TRUE(WriteFile(root_ / "roster.yaml", "precious").ok());
  EXPECT_EQ(WriteExamples(root_, out_).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadFile(root_ / "roster.yaml", 100).value(), "precious");
  EXPECT_FALSE(fs::exists(root_ / "checker.yaml"));
}

}  // namespace
}  // namespace kaisar::checker
