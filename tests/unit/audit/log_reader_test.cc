#include "audit/log_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {
namespace {

using ::testing::HasSubstr;

std::string ReadBytes(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// Changes a finished log behind the writer's back.
void RunSql(const std::string& path, const std::string& sql) {
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
  char* message = nullptr;
  ASSERT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
      << message;
  sqlite3_close(connection);
}

class DamagedLog : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = directory_.File("log");
    WriteLog(path_, SomeRecords(20));
  }
  /// What reader and writer both say of the log.
  std::string Refusal() {
    const absl::Status read = ReadAll(path_).summary.status();
    const absl::Status reopened = LogWriter::Reopen(path_).status();
    EXPECT_EQ(read, reopened);
    EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss);
    return std::string(read.message());
  }
  TemporaryDirectory directory_{TemporaryDirectory::Place::kMemory};
  std::string path_;
};

TEST_F(DamagedLog, MissingInTheMiddleIsNamed) {
  RunSql(path_, "DELETE FROM records WHERE seq = 7");
  EXPECT_THAT(Refusal(), HasSubstr("record 7: is missing; the next one is 8"));
}

TEST_F(DamagedLog, MissingAtTheEndIsNamed) {
  RunSql(path_, "DELETE FROM records WHERE seq >= 18");
  EXPECT_THAT(Refusal(), HasSubstr("record 18: is missing; the head counts 20"));
}

TEST_F(DamagedLog, OneTooManyIsNamed) {
  RunSql(path_, "INSERT INTO records SELECT 20, leaf, bytes FROM records WHERE seq = 19");
  EXPECT_THAT(Refusal(), HasSubstr("record 20: is one too many; the head counts 20"));
}

TEST_F(DamagedLog, ChangedRecordIsNamedByItsLeafHash) {
  RunSql(path_, "UPDATE records SET bytes = CAST(bytes || x'00' AS BLOB) WHERE seq = 5");
  EXPECT_THAT(Refusal(), HasSubstr("record 5: has leaf hash"));
}

TEST_F(DamagedLog, RecordAndLeafReplacedTogetherAreFoundByTheRoot) {
  RunSql(path_,
         "UPDATE records SET (leaf, bytes) = (SELECT leaf, bytes FROM records WHERE seq = 4) "
         "WHERE seq = 5");
  EXPECT_THAT(Refusal(), HasSubstr("record 20: root over all before is"));
}

TEST_F(DamagedLog, TextInPlaceOfBytesIsMalformed) {
  RunSql(path_, "UPDATE records SET leaf = 'text' WHERE seq = 3");
  EXPECT_THAT(Refusal(), HasSubstr("record 3: is malformed"));
}

TEST_F(DamagedLog, ViewInPlaceOfATableIsRefused) {
  RunSql(path_, "ALTER TABLE records RENAME TO other; CREATE VIEW records AS SELECT * FROM other");
  EXPECT_THAT(Refusal(), HasSubstr("record 0: schema has"));
}

TEST_F(DamagedLog, AddedIndexIsRefused) {
  RunSql(path_, "CREATE INDEX more ON records(leaf)");
  EXPECT_THAT(Refusal(), HasSubstr("record 0: schema has"));
}

TEST_F(DamagedLog, MissingHeadIsRefused) {
  RunSql(path_, "DELETE FROM head");
  EXPECT_THAT(Refusal(), HasSubstr("head row is missing"));
}

TEST_F(DamagedLog, CutShortIsRefusedAtEveryLengthWithTheRecordWhereItBreaks) {
  const std::string whole = ReadBytes(path_);
  std::string refusal;
  for (std::size_t pages = whole.size() / 4096 - 1; pages >= 3; --pages) {
    WriteBytes(path_, whole.substr(0, pages * 4096));
    refusal = Refusal();
    EXPECT_THAT(refusal, HasSubstr("record "));
  }
  WriteBytes(path_, whole.substr(0, whole.size() - 4096));
  EXPECT_THAT(Refusal(), ::testing::Not(HasSubstr("record 0:")));
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{50}, std::size_t{4096}}) {
    WriteBytes(path_, whole.substr(0, bytes));
    EXPECT_FALSE(ReadAll(path_).summary.ok()) << bytes;
    EXPECT_FALSE(LogWriter::Reopen(path_).ok()) << bytes;
  }
}

TEST_F(DamagedLog, EveryFlippedByteIsRefusedOrChangesNothing) {
  const ReadBack before = ReadAll(path_);
  const std::string whole = ReadBytes(path_);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); at += at < 4096 ? 1 : 37) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    WriteBytes(path_, damaged);
    const ReadBack after = ReadAll(path_);
    if (after.summary.ok()) {
      ASSERT_EQ(after.records, before.records) << "byte " << at;
      ASSERT_EQ(after.summary->root, before.summary->root) << "byte " << at;
    } else {
      ++refused;
      ASSERT_THAT(std::string(after.summary.status().message()), HasSubstr("record ")) << at;
    }
  }
  EXPECT_GT(refused, whole.size() / 37 / 2);
}

TEST_F(DamagedLog, EveryBitOfARecordCounts) {
  std::string bytes = ReadBytes(path_);
  const std::size_t start = bytes.find(std::string(100, 'c'));  // within record 2
  ASSERT_NE(start, std::string::npos);
  for (int bit = 0; bit < 8; ++bit) {
    std::string damaged = bytes;
    damaged[start] = static_cast<char>(damaged[start] ^ (1 << bit));
    WriteBytes(path_, damaged);
    EXPECT_THAT(Refusal(), HasSubstr("record 2: has leaf hash"));
  }
}

TEST(LogReader, ChecksThatTheFirstRecordOpensTheEpochAndOnlyTheFirst) {
  TemporaryDirectory directory;
  WriteLog(directory.File("a"), {NumberedRecord(0)});
  EXPECT_THAT(std::string(ReadAll(directory.File("a")).summary.status().message()),
              HasSubstr("record 0: does not open the epoch"));
  WriteLog(directory.File("b"), {OpenedRecord(), OpenedRecord()});
  EXPECT_THAT(std::string(ReadAll(directory.File("b")).summary.status().message()),
              HasSubstr("record 1: opens the epoch again"));
}

TEST(LogReader, ChecksThatNothingFollowsTheClosingRecord) {
  TemporaryDirectory directory;
  WriteLog(directory.File("log"), {OpenedRecord(), ClosingRecord(), NumberedRecord(1)});
  EXPECT_THAT(std::string(ReadAll(directory.File("log")).summary.status().message()),
              HasSubstr("record 2: follows the record that closes the epoch"));
}

TEST(LogReader, ChecksThatEveryRecordParses) {
  TemporaryDirectory directory;
  WriteLog(directory.File("a"), {OpenedRecord(), "\xff\xff\xff"});
  EXPECT_THAT(std::string(ReadAll(directory.File("a")).summary.status().message()),
              HasSubstr("record 1: is no protobuf message"));
  WriteLog(directory.File("b"), {OpenedRecord(), std::string("\x98\x06\x01", 3)});  // field 99
  EXPECT_THAT(std::string(ReadAll(directory.File("b")).summary.status().message()),
              HasSubstr("record 1: is of no known kind"));
}

TEST(LogReader, ReadsAnEmptyLog) {
  TemporaryDirectory directory;
  ASSERT_TRUE(LogWriter::Create(directory.File("log")).ok());
  const ReadBack read = ReadAll(directory.File("log"));
  ASSERT_TRUE(read.summary.ok()) << read.summary.status();
  EXPECT_EQ(read.summary->records, 0u);
  EXPECT_EQ(read.summary->root, MerkleLog().Root());
}

TEST(LogReader, TellsMissingFilesFromForeignOnes) {
  TemporaryDirectory directory;
  EXPECT_EQ(ReadAll(directory.File("none")).summary.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadAll(directory.File("")).summary.status().code(),
            absl::StatusCode::kInvalidArgument);
  RunSql(directory.File("other"), "CREATE TABLE records(x)");
  const absl::Status other = ReadAll(directory.File("other")).summary.status();
  EXPECT_EQ(other.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(other.message()), HasSubstr("is not a challenge log"));
  WriteBytes(directory.File("text"), std::string(8192, 'x'));
  EXPECT_EQ(ReadAll(directory.File("text")).summary.status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(LogReader, StopsAtWhatTheVisitorReturns) {
  TemporaryDirectory directory;
  WriteLog(directory.File("log"), SomeRecords(5));
  std::uint64_t seen = 0;
  const absl::StatusOr<LogSummary> read =
      ReadLog(directory.File("log"), [&](std::uint64_t index, ByteView, const v1::Record&) {
        seen = index;
        return index == 2 ? absl::CancelledError("enough") : absl::OkStatus();
      });
  EXPECT_EQ(read.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(seen, 2u);
}

TEST(LogReader, DoesNotChangeTheFile) {
  TemporaryDirectory directory;
  WriteLog(directory.File("log"), SomeRecords(5));
  const std::string before = ReadBytes(directory.File("log"));
  ASSERT_TRUE(ReadAll(directory.File("log")).summary.ok());
  EXPECT_EQ(ReadBytes(directory.File("log")), before);
}

}  // namespace
}  // namespace kaisar::audit
