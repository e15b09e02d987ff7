#include "monitor/process_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace kaisar::monitor {
namespace {

// The form of proc_pid_stat(5), with a name that is made to confuse.
constexpr char kStat[] =
    "4242 (a) b (c) S 1 4242 4242 0 -1 4194560 900 0 3 0 250 50 0 0 20 0 12 0 30000 104857600 2560 "
    "18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0";

TEST(ProcessFigures, AreReadFromTheKernelsLine) {
  const auto figures = ParseProcessStat(kStat, 1'700'000'000, 100, 4096);
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_DOUBLE_EQ(figures->cpu_seconds, 3.0);
  EXPECT_DOUBLE_EQ(figures->start_time_seconds, 1'700'000'300.0);
  EXPECT_EQ(figures->threads, 12U);
  EXPECT_EQ(figures->virtual_bytes, 104'857'600U);
  EXPECT_EQ(figures->resident_bytes, 2560U * 4096);
}

TEST(ProcessFigures, AreNotGuessedFromABrokenLine) {
  for (const char* stat : {"", "4242", "4242 (x) S 1", "4242 (x S 1 2 3"}) {
    EXPECT_TRUE(absl::IsInternal(ParseProcessStat(stat, 0, 100, 4096).status())) << stat;
  }
}

TEST(ProcessFigures, OfThisProcessArePlausible) {
  const auto figures = ReadProcessFigures();
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_GE(figures->threads, 1U);
  EXPECT_GE(figures->open_files, 3U);
  EXPECT_GE(figures->most_open_files, figures->open_files);
  EXPECT_GT(figures->resident_bytes, 1'000'000U);
  EXPECT_GT(figures->start_time_seconds, 1'600'000'000.0);
}

TEST(ProcessFigures, CountOpenFiles) {
  const auto before = ReadProcessFigures();
  ASSERT_TRUE(before.ok()) << before.status();
  std::vector<int> files;
  for (int i = 0; i < 100; ++i) files.push_back(dup(STDERR_FILENO));
  const auto after = ReadProcessFigures();
  for (const int file : files) close(file);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->open_files, before->open_files + 100);
}

}  // namespace
}  // namespace kaisar::monitor
