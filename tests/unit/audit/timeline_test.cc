#include "audit/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "audit/timeline_command.h"
#include "tests/support/epoch_fixture.h"
#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {
namespace {

using testing::EpochFixture;
using ::testing::HasSubstr;

class TimelineTest : public ::testing::Test {
 protected:
  TimelineTest() : directory_(TemporaryDirectory::Place::kMemory) {
    epoch_.WriteLog(directory_.File("log"));
  }

  std::vector<TimelineRow> Read(const TimelineFilter& filter,
                                std::size_t most_rows = kMostTimelineRows) {
    std::vector<TimelineRow> rows;
    const auto shown = ReadTimeline(
        directory_.File("log"), filter,
        [&](const TimelineRow& row) {
          rows.push_back(row);
          return absl::OkStatus();
        },
        most_rows);
    EXPECT_TRUE(shown.ok()) << shown.status();
    EXPECT_EQ(shown.value_or(0), rows.size());
    return rows;
  }

  int Run(const TimelineFilter& filter, bool json) {
    return RunTimeline({directory_.File("log"), filter, json}, out_, errors_);
  }

  std::size_t Challenges() const {
    return static_cast<std::size_t>(
        std::count_if(epoch_.records.begin(), epoch_.records.end(),
                      [](const v1::Record& record) { return record.has_closed(); }));
  }

  EpochFixture epoch_;
  TemporaryDirectory directory_;
  std::ostringstream out_, errors_;
};

std::vector<std::uint64_t> RecordsOf(const std::vector<TimelineRow>& rows) {
  std::vector<std::uint64_t> records;
  for (const TimelineRow& row : rows) records.push_back(row.record);
  return records;
}

TEST_F(TimelineTest, HasEveryChallengeInTheOrderOfDueTimes) {
  const std::vector<TimelineRow> rows = Read({});
  ASSERT_EQ(rows.size(), Challenges());
  for (std::size_t i = 1; i < rows.size(); ++i) EXPECT_LE(rows[i - 1].due_ms, rows[i].due_ms);
  for (const TimelineRow& row : rows) {
    const v1::ChallengeClosed& closed = epoch_.records[row.record].closed();
    EXPECT_EQ(row.due_ms, closed.due_ms());
    EXPECT_EQ(row.device, closed.device());
    EXPECT_EQ(row.verdict, closed.verdict());
  }
}

TEST_F(TimelineTest, IsTheSameHoweverFewRowsAreKept) {
  const std::vector<std::uint64_t> all = RecordsOf(Read({}));
  for (const std::size_t most : {std::size_t{1}, std::size_t{7}, all.size() - 1, all.size()}) {
    EXPECT_EQ(RecordsOf(Read({}, most)), all) << most;
  }
}

TEST_F(TimelineTest, ShowsWhatTheFilterAllows) {
  TimelineFilter filter;
  filter.devices = {5, 6};
  filter.kinds = {v1::MATMUL};
  for (const TimelineRow& row : Read(filter)) {
    EXPECT_TRUE(row.device == 5 || row.device == 6);
    EXPECT_EQ(row.kind, v1::MATMUL);
  }
  filter = {};
  filter.reasons = {v1::PROOF_INVALID};
  const std::vector<TimelineRow> wrong = Read(filter);
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_EQ(wrong[0].record, epoch_.FindClosed(5, v1::MATMUL, 0));
  EXPECT_EQ(wrong[0].figures.share_ppm, 0u);
  filter = {};
  filter.verdicts = {v1::FAIL};
  filter.from_ms = wrong[0].due_ms;
  filter.to_ms = wrong[0].due_ms + 1;
  EXPECT_EQ(Read(filter).size(), 1u);
  filter.from_ms = wrong[0].due_ms + 1;
  filter.to_ms = wrong[0].due_ms + 2;
  EXPECT_EQ(Read(filter).size(), 0u);
}

TEST_F(TimelineTest, HasTheFiguresThatTheScoreTakes) {
  TimelineFilter filter;
  filter.devices = {6};
  filter.verdicts = {v1::PASS};
  for (const TimelineRow& row : Read(filter)) {
    EXPECT_EQ(row.figures.rtt_us.has_value(), row.kind == v1::LATENCY);
    EXPECT_EQ(row.figures.ops_per_second.has_value(), row.kind == v1::MATMUL);
    EXPECT_EQ(row.figures.up_bits_per_second.has_value(), row.kind == v1::BANDWIDTH);
    ASSERT_TRUE(row.figures.share_ppm.has_value());
    if (row.kind == v1::BANDWIDTH) {
      EXPECT_EQ(*row.figures.share_ppm, *row.figures.up_bits_per_second / 100);
    }
  }
}

TEST_F(TimelineTest, IsATableForPeople) {
  TimelineFilter filter;
  filter.devices = {4};
  EXPECT_EQ(Run(filter, false), 0) << errors_.str();
  EXPECT_THAT(out_.str(), ::testing::StartsWith("  record       due s      sent s"));
  EXPECT_THAT(out_.str(), HasSubstr("INCONCLUSIVE STOPPED"));
  EXPECT_THAT(out_.str(), HasSubstr(" challenges\n"));
}

TEST_F(TimelineTest, IsLinesOfJsonForPrograms) {
  TimelineFilter filter;
  filter.devices = {4};
  filter.reasons = {v1::STOPPED};
  EXPECT_EQ(Run(filter, true), 0) << errors_.str();
  std::istringstream lines(out_.str());
  std::string line;
  std::size_t count = 0;
  for (; std::getline(lines, line); ++count) {
    const nlohmann::json row = nlohmann::json::parse(line);
    EXPECT_EQ(row["device"], 4);
    EXPECT_EQ(row["verdict"], "INCONCLUSIVE");
    EXPECT_TRUE(row["sent_ms"].is_null());
    EXPECT_TRUE(row["share_ppm"].is_null());
  }
  EXPECT_GT(count, 0u);
}

TEST_F(TimelineTest, SaysWhatItCannotShow) {
  TimelineFilter filter;
  filter.devices = {99};
  EXPECT_EQ(Run(filter, false), 2);
  EXPECT_THAT(errors_.str(), HasSubstr("device 99 is not among the 7 of the roster in "));
  filter = {};
  filter.from_ms = 5;
  filter.to_ms = 5;
  EXPECT_EQ(Run(filter, false), 2);
  EXPECT_THAT(errors_.str(), HasSubstr("--from is 5 ms, expected less than --to, 5 ms"));
  epoch_.Closed(1, v1::LATENCY, 0).set_device(77);
  epoch_.WriteLog(directory_.File("stranger"));
  EXPECT_EQ(RunTimeline({directory_.File("stranger"), {}, false}, out_, errors_), 1);
  EXPECT_THAT(errors_.str(), HasSubstr("device 77 is not in the roster"));
}

}  // namespace
}  // namespace kaisar::audit
