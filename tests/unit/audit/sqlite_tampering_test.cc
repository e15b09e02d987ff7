// A log as a SQLite file that somebody made who knows SQLite: what only its own pages, schema and
// sizes give away.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "audit/log_file.h"
#include "base/file.h"
#include "tests/support/epoch_fixture.h"
#include "tests/unit/audit/log_fixture.h"

namespace kaisar::audit {
namespace {

using testing::EpochFixture;
using ::testing::HasSubstr;

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kPageCountAt = 28;  // in the file, four bytes
constexpr std::uint64_t kMostFileBytes = 1 << 24;

/// An epoch's log, of which each test changes a copy.
class TamperedLog : public ::testing::Test {
 protected:
  void SetUp() override {
    static const auto* const kHonest = new std::string(BytesOf(EpochFixture()));
    honest_ = *kHonest;
    path_ = directory_.File("log");
    Write(honest_);
  }

  static std::string BytesOf(const EpochFixture& epoch) {
    TemporaryDirectory directory(TemporaryDirectory::Place::kMemory);
    epoch.WriteLog(directory.File("log"));
    return ReadFile(directory.File("log"), kMostFileBytes).value();
  }
  void Write(const std::string& bytes) { ASSERT_TRUE(WriteFile(path_, bytes).ok()); }

  void Execute(const std::vector<std::string>& statements) {
    const auto file = SqliteFile::Open(path_, SqliteFile::Mode::kWrite, kMaxRecordBytes);
    ASSERT_TRUE(file.ok()) << file.status();
    for (const std::string& sql : statements) {
      const absl::Status status = (*file)->Execute(sql);
      ASSERT_TRUE(status.ok()) << sql << ": " << status;
    }
  }

  std::string Refusal() {
    const absl::Status status = ReadAll(path_).summary.status();
    EXPECT_FALSE(status.ok());
    return std::string(status.message());
  }

  TemporaryDirectory directory_{TemporaryDirectory::Place::kMemory};
  std::string path_;
  std::string honest_;
};

TEST_F(TamperedLog, ExtraTableIsRefused) {
  Execute({"CREATE TABLE zoo(animal)"});
  EXPECT_THAT(Refusal(), HasSubstr("schema has more: CREATE TABLE zoo(animal)"));
}

TEST_F(TamperedLog, TriggerIsRefused) {
  Execute({"CREATE TRIGGER zap AFTER INSERT ON records BEGIN DELETE FROM records; END"});
  EXPECT_THAT(Refusal(), HasSubstr("schema has more: CREATE TRIGGER zap"));
}

TEST_F(TamperedLog, ViewIsRefused) {
  Execute({"CREATE VIEW zone AS SELECT * FROM records"});
  EXPECT_THAT(Refusal(), HasSubstr("schema has more: CREATE VIEW zone"));
}

// Were it used, it would hide every record from who asks for the order.
TEST_F(TamperedLog, IndexThatLiesIsRefused) {
  Execute({"CREATE INDEX zigzag ON records(seq, leaf, bytes)", "PRAGMA writable_schema=ON",
           "UPDATE sqlite_schema SET sql = 'CREATE INDEX zigzag ON records(seq)'"
           " WHERE name = 'zigzag'"});
  EXPECT_THAT(Refusal(), HasSubstr("schema has more: CREATE INDEX zigzag"));
}

TEST_F(TamperedLog, IndexWithoutAStatementIsRefused) {
  Execute({"CREATE INDEX zigzag ON records(leaf)", "PRAGMA writable_schema=ON",
           "UPDATE sqlite_schema SET sql = NULL, name = 'sqlite_autoindex_records_1'"
           " WHERE name = 'zigzag'"});
  EXPECT_THAT(Refusal(), HasSubstr("record 0: "));
}

TEST_F(TamperedLog, TableWithThePagesOfAnotherIsRefused) {
  Execute({"PRAGMA writable_schema=ON",
           "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema"
           " WHERE name = 'head') WHERE name = 'records'"});
  EXPECT_THAT(Refusal(), HasSubstr("record 0: "));
}

TEST_F(TamperedLog, EveryPageFromElsewhereIsRefused) {
  const std::string other = BytesOf(EpochFixture(EpochFixture::kEpoch + 1));
  const std::size_t pages = std::min(honest_.size(), other.size()) / kPageBytes;
  ASSERT_GT(pages, 10u);
  for (std::size_t page = 1; page < pages; ++page) {
    std::string bytes = honest_;
    bytes.replace(page * kPageBytes, kPageBytes, other, page * kPageBytes, kPageBytes);
    if (bytes == honest_) continue;
    Write(bytes);
    EXPECT_THAT(Refusal(), HasSubstr("record ")) << page;
  }
}

TEST_F(TamperedLog, ExchangedPagesAreRefused) {
  const std::size_t pages = honest_.size() / kPageBytes;
  for (std::size_t page = 1; page + 1 < pages; ++page) {
    std::string bytes = honest_;
    std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(page * kPageBytes),
                     bytes.begin() + static_cast<std::ptrdiff_t>((page + 1) * kPageBytes),
                     bytes.begin() + static_cast<std::ptrdiff_t>((page + 1) * kPageBytes));
    Write(bytes);
    EXPECT_THAT(Refusal(), HasSubstr("record ")) << page;
  }
}

TEST_F(TamperedLog, CutAtAnyByteIsRefused) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 0; i < 200; ++i) cuts.push_back(honest_.size() * i / 200);
  for (std::size_t end = kPageBytes; end <= honest_.size(); end += kPageBytes) {
    cuts.insert(cuts.end(), {end - 1, end, end + 1});
  }
  for (const std::size_t cut : cuts) {
    if (cut >= honest_.size()) continue;
    Write(honest_.substr(0, cut));
    EXPECT_NE(Refusal(), "") << cut;
  }
}

void AppendVarint(std::uint64_t value, std::string& out) {
  int shift = 0;
  while (shift < 56 && value >> (shift + 7) != 0) shift += 7;
  for (; shift > 0; shift -= 7) out += static_cast<char>(0x80 | (value >> shift & 0x7f));
  out += static_cast<char>(value & 0x7f);
}

/// A row of the records table that claims to be so large, with as little of it as SQLite keeps in
/// the row itself; the rest would be on pages that are not there.
///
/// Source: sqlite.org/fileformat2.html, sections 1.5, 1.6 and 2.1.
std::string ClaimedRow(std::uint64_t seq, std::uint64_t payload_bytes) {
  constexpr std::size_t kLocalBytes = (kPageBytes - 12) * 32 / 255 - 23;
  constexpr std::uint64_t kOverflowBytes = kPageBytes - 4;
  payload_bytes -= (payload_bytes - kLocalBytes) % kOverflowBytes;
  constexpr std::uint64_t kLeafBytes = 32;
  std::string types;
  AppendVarint(0, types);  // seq is the row's id
  AppendVarint(12 + 2 * kLeafBytes, types);
  const std::uint64_t header_bytes = 1 + types.size() + 5;  // as from 2^27 bytes on
  AppendVarint(12 + 2 * (payload_bytes - header_bytes - kLeafBytes), types);
  std::string row;
  AppendVarint(payload_bytes, row);
  AppendVarint(seq, row);
  const std::size_t begin = row.size();
  AppendVarint(types.size() + 1, row);
  row += types;
  row.resize(begin + kLocalBytes, 'x');
  return row + std::string("\0\0\0\2", 4);  // the first page of the rest
}

TEST_F(TamperedLog, RecordOfFourGigabytesIsRefusedByItsSizeUnread) {
  constexpr std::uint64_t kSeq = 4;
  WriteLog(directory_.File("small"), SomeRecords(20));
  const std::string small = ReadFile(directory_.File("small"), kMostFileBytes).value();
  const std::size_t text = small.find(std::string(100, static_cast<char>('a' + kSeq)));
  ASSERT_NE(text, std::string::npos);
  // Two bytes of size, then this: its id, and a header of five bytes that begins so.
  const std::size_t id = small.rfind(std::string("\x04\x05\x00\x4c", 4), text);
  ASSERT_NE(id, std::string::npos);
  const std::size_t row = id - 2;
  // SQLite has no value above 2^31 - 1 bytes, and the type of one of 4 GB is none.
  const std::pair<std::uint64_t, std::string> kClaims[] = {
      {0xfffff000, "malformed"},
      {std::uint64_t{1} << 31, "limit 67112960 bytes"},
      {std::uint64_t{1} << 30, "limit 67112960 bytes"},
      {std::uint64_t{1} << 28, "limit 67112960 bytes"}};
  for (const auto& [bytes, telling] : kClaims) {
    std::string tampered = small;
    const std::string claimed = ClaimedRow(kSeq, bytes);
    tampered.replace(row, claimed.size(), claimed);
    // All of it could be there: the file has as many pages, by its header, too.
    const std::uint64_t pages = small.size() / kPageBytes + bytes / kPageBytes;
    for (std::size_t i = 0; i < 4; ++i) {
      tampered[kPageCountAt + i] = static_cast<char>(pages >> (24 - 8 * i) & 0xff);
    }
    Write(tampered);
    std::filesystem::resize_file(path_, pages * kPageBytes);
    EXPECT_THAT(Refusal(), HasSubstr("record 4: ")) << bytes;
    EXPECT_THAT(Refusal(), HasSubstr(telling)) << bytes;
  }
}

}  // namespace
}  // namespace kaisar::audit
