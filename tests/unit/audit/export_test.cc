#include "audit/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "audit/export_command.h"
#include "base/file.h"
#include "tests/support/epoch_fixture.h"
#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {
namespace {

using testing::EpochFixture;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ExportTest : public ::testing::Test {
 protected:
  ExportTest() : directory_(TemporaryDirectory::Place::kMemory) {
    epoch_.WriteLog(directory_.File("log"));
  }

  std::vector<ExportedFile> Export(FlatFormat format) {
    const auto files = ExportLog(directory_.File("log"), directory_.File("flat"), format);
    EXPECT_TRUE(files.ok()) << files.status();
    return files.value_or(std::vector<ExportedFile>());
  }

  /// The lines of an exported file.
  std::vector<std::string> Lines(const std::string& name) {
    const auto content = ReadFile(directory_.File("flat/" + name), 1 << 24);
    EXPECT_TRUE(content.ok()) << content.status();
    std::istringstream in(content.value_or(""));
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
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

TEST_F(ExportTest, MakesSixFilesWithAHeadingAndARowEach) {
  const std::vector<ExportedFile> files = Export(FlatFormat::kCsv);
  ASSERT_EQ(files.size(), 6u);
  EXPECT_EQ(files[0].rows, Challenges());
  const std::vector<std::string> challenges = Lines("challenges.csv");
  ASSERT_EQ(challenges.size(), Challenges() + 1);
  EXPECT_THAT(challenges[0], StartsWith("record,issued_record,device,kind,q,challenge_id,due_ms,"));
  EXPECT_EQ(Lines("devices.csv").size(), 8u);
  EXPECT_EQ(Lines("scores.csv").size(), 8u);
  EXPECT_THAT(Lines("scores.csv")[5], StartsWith("5,0,"));  // device 5: a wrong proof
  EXPECT_THAT(Lines("scores.csv")[7], StartsWith("7,,"));   // device 7: left out
}

TEST_F(ExportTest, KeepsIntegersAsIntegersInJson) {
  Export(FlatFormat::kJsonLines);
  std::size_t passed = 0;
  for (const std::string& line : Lines("matmul.jsonl")) {
    const nlohmann::json row = nlohmann::json::parse(line);
    EXPECT_EQ(row["n"], 256);
    if (row["ops_per_second"].is_null()) continue;
    ++passed;
    EXPECT_TRUE(row["ops_per_second"].is_number_unsigned());
    EXPECT_TRUE(row["commitment_elapsed_ns"].is_number_unsigned());
    const std::uint64_t record = row["commitment_record"];
    EXPECT_EQ(epoch_.records[record].commitment().elapsed_ns(), row["commitment_elapsed_ns"]);
  }
  EXPECT_GT(passed, 0u);
  for (const std::string& line : Lines("challenges.jsonl")) {
    const nlohmann::json row = nlohmann::json::parse(line);
    const v1::ChallengeClosed& closed = epoch_.records[row["record"]].closed();
    EXPECT_EQ(row["due_ms"], closed.due_ms());
    EXPECT_EQ(row["verdict"], v1::Verdict_Name(closed.verdict()));
    EXPECT_EQ(row["sent_ms"].is_null(), closed.transport() == v1::NOT_SENT);
  }
}

TEST_F(ExportTest, HasBothEndsCountsOfABandwidthTest) {
  Export(FlatFormat::kJsonLines);
  bool slow_upload = false;
  for (const std::string& line : Lines("bandwidth_tests.jsonl")) {
    const nlohmann::json row = nlohmann::json::parse(line);
    EXPECT_EQ(row["counted_bits_per_second"], 100'000'000);
    EXPECT_TRUE(row["checker_sent_us"].is_number_unsigned()) << line;
    slow_upload = slow_upload || (row["device"] == 6 && row["direction"] == "UP" &&
                                  row["rate_bits_per_second"] < 50'000'000);
  }
  EXPECT_TRUE(slow_upload);
}

TEST_F(ExportTest, NeverOverwritesAFile) {
  Export(FlatFormat::kCsv);
  EXPECT_EQ(RunExport({directory_.File("log"), directory_.File("flat"), ""}, out_, errors_), 2);
  EXPECT_THAT(errors_.str(), HasSubstr("challenges.csv: exists, and is not overwritten"));
  EXPECT_EQ(RunExport({directory_.File("log"), "", directory_.File("flat")}, out_, errors_), 0);
  EXPECT_THAT(out_.str(), HasSubstr("devices.jsonl: 7 rows\n"));
}

TEST_F(ExportTest, NamesAFolderThatCannotBeMade) {
  EXPECT_EQ(RunExport({directory_.File("log"), "/proc/none/here", ""}, out_, errors_), 2);
  EXPECT_THAT(errors_.str(), HasSubstr("/proc/none/here"));
}

TEST(FlatFile, QuotesAsRfc4180DoesAndDefusesFormulas) {
  TemporaryDirectory directory(TemporaryDirectory::Place::kMemory);
  auto file = FlatFile::Create(directory.File(""), "f", FlatFormat::kCsv, {"a", "b", "c", "d"});
  ASSERT_TRUE(file.ok()) << file.status();
  (*file)->Add({std::string("x,\"y\"\nz"), std::string("=1+1"), std::int64_t{-5}, {}});
  (*file)->Add({~std::uint64_t{0}, true, std::string("plain"), std::string("@x,")});
  ASSERT_TRUE((*file)->Finish().ok());
  EXPECT_EQ(*ReadFile(directory.File("f.csv"), 1000),
            "a,b,c,d\n\"x,\"\"y\"\"\nz\",'=1+1,-5,\n18446744073709551615,true,plain,\"'@x,\"\n");
}

}  // namespace
}  // namespace kaisar::audit
