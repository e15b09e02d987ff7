#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "audit/log_reader.h"
#include "audit/log_writer.h"
#include "audit/merkle_log.h"

namespace kaisar::audit {

/// A directory that lives as long as the test; on request in memory where there is such a place,
/// for tests that do not care about the disk.
class TemporaryDirectory {
 public:
  enum class Place { kDisk, kMemory };
  explicit TemporaryDirectory(Place place = Place::kDisk) {
    const bool in_memory = place == Place::kMemory && access("/dev/shm", W_OK) == 0;
    const std::filesystem::path parent =
        in_memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string pattern = (parent / "kaisar-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string OpenedRecord() {
  v1::Record record;
  record.mutable_epoch_opened()->set_version(1);
  return record.SerializeAsString();
}

/// A record that is told from others by its number; `bytes` long or a little more.
inline std::string NumberedRecord(std::uint64_t number, std::size_t bytes = 600) {
  v1::Record record;
  v1::ChallengeClosed& closed = *record.mutable_closed();
  closed.set_due_ms(number);
  closed.set_detail(std::string(bytes, static_cast<char>('a' + number % 26)));
  return record.SerializeAsString();
}

inline std::string ClosingRecord() {
  v1::Record record;
  record.mutable_epoch_closed()->set_closed_ms(1);
  return record.SerializeAsString();
}

/// An opening record and `count` - 1 numbered ones.
inline std::vector<std::string> SomeRecords(std::size_t count, std::size_t bytes = 600) {
  std::vector<std::string> records{OpenedRecord()};
  for (std::size_t i = 1; i < count; ++i) records.push_back(NumberedRecord(i, bytes));
  return records;
}

inline Digest RootOf(const std::vector<std::string>& records) {
  MerkleLog tree;
  for (const std::string& record : records) tree.Append(ViewOf(record));
  return tree.Root();
}

struct ReadBack {
  absl::StatusOr<LogSummary> summary;
  std::vector<std::string> records;
};

inline ReadBack ReadAll(const std::string& path) {
  std::vector<std::string> records;
  absl::StatusOr<LogSummary> summary =
      ReadLog(path, [&](std::uint64_t, ByteView bytes, const v1::Record&) {
        records.push_back(ToString(bytes));
        return absl::OkStatus();
      });
  return {std::move(summary), std::move(records)};
}

/// Writes records into a new log and finishes it.
inline void WriteLog(const std::string& path, const std::vector<std::string>& records) {
  auto writer = LogWriter::Create(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  for (std::size_t i = 0; i + 1 < records.size(); ++i) {
    (*writer)->Append(records[i], [](absl::Status status) { ASSERT_TRUE(status.ok()) << status; });
  }
  ASSERT_TRUE((*writer)->AppendAndWait(records.back()).ok());
  const absl::StatusOr<LogPosition> end = (*writer)->Finish();
  ASSERT_TRUE(end.ok()) << end.status();
}

}  // namespace kaisar::audit
