// The metrics' names, and that docs/metrics.md says the same.
#include "checker/monitor/metric_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/file.h"
#include "checker/monitor/metrics.h"
#include "checker/monitor/metrics_chain.h"
#include "checker/monitor/metrics_log.h"
#include "checker/monitor/metrics_run.h"
#include "tests/support/fake_clock.h"

namespace kaisar::checker {
namespace {

using monitor::MetricInfo;
using monitor::MetricType;

std::string RowOf(const MetricInfo& info) {
  constexpr const char* kTypes[] = {"counter", "gauge", "histogram"};
  return absl::StrCat("| `", info.name, "` | ", kTypes[static_cast<int>(info.type)], " | ",
                      absl::StrReplaceAll(info.labels, {{",", ", "}}), " | ", info.help, " |");
}

std::vector<MetricInfo> WholeTable() {
  const testing::FakeClock clock(0);
  return monitor::MetricSet(MetricTable(), clock).table();
}

TEST(MetricTable, IsWhatTheDocumentSays) {
  const auto document =
      ReadFile(absl::StrCat(std::getenv("KAISAR_SOURCE_DIR"), "/docs/metrics.md"), 1 << 20);
  ASSERT_TRUE(document.ok()) << document.status();
  std::vector<std::string> rows;
  for (const absl::string_view line : absl::StrSplit(*document, '\n')) {
    const bool of_checker = absl::StartsWith(line, "| `kaisar_checker_");
    if (of_checker || absl::StartsWith(line, "| `process_")) rows.emplace_back(line);
  }
  std::vector<std::string> expected;
  for (const MetricInfo& info : WholeTable()) expected.push_back(RowOf(info));
  EXPECT_EQ(rows, expected);
}

TEST(MetricTable, FollowsTheConventions) {
  const std::regex name("(kaisar_checker|process)(_[a-z0-9]+)+");
  std::set<absl::string_view> names;
  for (const MetricInfo& info : WholeTable()) {
    EXPECT_TRUE(std::regex_match(std::string(info.name), name)) << info.name;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(absl::EndsWith(info.name, "_total"), info.type == MetricType::kCounter) << info.name;
    EXPECT_TRUE(absl::EndsWith(info.help, ".")) << info.name;
    EXPECT_FALSE(absl::StrContains(info.labels, "device")) << info.name;
    if (info.type != MetricType::kHistogram) continue;
    EXPECT_TRUE(absl::EndsWith(info.name, "_seconds") || absl::EndsWith(info.name, "_ratio") ||
                absl::EndsWith(info.name, "_bytes_per_second"))
        << info.name;
  }
}

TEST(MetricTable, HasNothingThatIsNeverSaid) {
  testing::FakeClock clock(0);
  monitor::MetricSet set(MetricTable(), clock);
  RunWatch watch(::testing::TempDir(), true, clock);
  ChallengeMetrics challenges(set);
  ChainMetrics chain(set, {"https://rpc.example/key"});
  RunMetrics run(set, watch, clock);
  run.EpochBegan("/nowhere", 0, 0);
  challenges.EpochBegan({{}, 0, 0, {}, challenges::EpochKey::Derive({}, {}, 0, 0, 0), {}, {}}, {},
                        {});
  SlotStatus status;
  status.last_report = LastReport();
  chain.Read(status, 0);
  chain.Asked({{"https://rpc.example", true}});
  watch.ChainAlive();
  const auto log = MeasureLog(nullptr, set, clock);
  const std::string text = set.Text();
  std::size_t series = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    series += line.front() != '#';
  }
  EXPECT_LE(series, 1500U);
  for (const MetricInfo& info : WholeTable()) {
    EXPECT_TRUE(absl::StrContains(text, absl::StrCat("# TYPE ", info.name, " "))) << info.name;
  }
}

}  // namespace
}  // namespace kaisar::checker
