#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/log_reader.h"
#include "audit/merkle_log.h"
#include "base/bytes.h"
#include "base/sqlite_file.h"

namespace kaisar::audit {

// The parts of reading a log, so that one thread may do them all, or many those that look at one
// record alone. A log breaks at its first record that any part refuses.

/// One row of the records table.
struct LogRow {
  std::uint64_t index = 0;
  ByteView leaf;
  ByteView bytes;
};

/// The rows of an open log, one after the other.
///
/// Errors:  as ReadLog, without the path.
/// Threads: one at a time.
class LogRows {
 public:
  explicit LogRows(SqliteStatement select) : select_(std::move(select)) {}

  /// The views live until the next call.
  ///
  /// Result: null after the last row.
  absl::StatusOr<std::optional<LogRow>> Next();

 private:
  SqliteStatement select_;
  std::uint64_t next_ = 0;
};

/// Checks one row by itself: hashes and parses it.
///
/// Result:  the leaf hash.
/// Errors:  DataLoss, naming the record.
/// Threads: any.
absl::StatusOr<Digest> ParseRow(const LogRow& row, v1::Record& record);

/// Checks where the records stand and grows the tree, in the order of the log.
///
/// Errors: DataLoss, naming the record.
class LogOrder {
 public:
  /// `count` and `root` are what the log's head has; `tree` must be empty.
  LogOrder(std::uint64_t count, const Digest& root, MerkleLog& tree)
      : count_(count), root_(root), tree_(tree) {}

  absl::Status Add(const Digest& leaf, const v1::Record& record);
  /// After the last record.
  absl::StatusOr<LogSummary> Finish() const;
  /// Records by the head, which is not checked before the end.
  std::uint64_t count() const { return count_; }

 private:
  const std::uint64_t count_;
  const Digest root_;
  MerkleLog& tree_;
  bool closed_ = false;
};

/// Calls `read` within one transaction, so that a log that is being written gives a whole state,
/// and checks what belongs to no record.
absl::StatusOr<LogSummary> WithRows(
    SqliteFile& file, MerkleLog& tree,
    const std::function<absl::StatusOr<LogSummary>(LogRows&, LogOrder&)>& read);

}  // namespace kaisar::audit
