#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/log_reader.h"
#include "audit/merkle_log.h"
#include "base/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kaisar::audit {

/// What makes a SQLite file a challenge log; docs/log-format.md says what each is for.
inline constexpr std::int32_t kLogApplicationId = 0x4b4c4f47;  // "KLOG"
inline constexpr std::int32_t kLogFormatVersion = 1;
inline constexpr char kRecordsTable[] =
    "CREATE TABLE records(seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL, bytes BLOB NOT NULL)";
inline constexpr char kHeadTable[] =
    "CREATE TABLE head(id INTEGER PRIMARY KEY CHECK (id = 0), count INTEGER NOT NULL, "
    "root BLOB NOT NULL)";

/// The largest record: an opening of 1024 samples at n = 32768 takes 35 MB.
inline constexpr std::uint64_t kMaxRecordBytes = 64 << 20;

/// One prepared statement of a LogFile, which must outlive it.
///
/// Threads: one at a time.
class LogStatement {
 public:
  explicit LogStatement(sqlite3_stmt* statement) : statement_(statement, &Finalize) {}

  LogStatement& Bind(int index, std::uint64_t value);
  /// The bytes must live until the next Step.
  LogStatement& Bind(int index, ByteView bytes);

  /// Result: true when there is a row.
  absl::StatusOr<bool> Step();
  /// Steps once and resets, for a statement without rows.
  absl::Status Run();
  void Reset();

  /// Of the current row. Result: false when the column is of another type or negative.
  [[nodiscard]] bool Uint(int column, std::uint64_t& value) const;
  [[nodiscard]] bool Blob(int column, ByteView& bytes) const;
  std::string Text(int column) const;

 private:
  static void Finalize(sqlite3_stmt* statement);
  std::unique_ptr<sqlite3_stmt, void (*)(sqlite3_stmt*)> statement_;
};

/// One connection to the SQLite file of a log. The only code that talks to SQLite here.
///
/// Threads: one at a time.
/// Errors:  of all: NotFound, PermissionDenied, ResourceExhausted (disk full), DataLoss (damaged),
///          InvalidArgument (no SQLite file),
///          Unavailable (locked by another process), otherwise Internal; with the system's words.
class LogFile {
 public:
  enum class Mode { kRead, kWrite, kCreate };
  static absl::StatusOr<std::unique_ptr<LogFile>> Open(const std::string& path, Mode mode);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  absl::Status Execute(const std::string& sql);
  /// The first column of the first row, as text; empty when there is none.
  absl::StatusOr<std::string> Query(const std::string& sql);
  absl::StatusOr<LogStatement> Prepare(const std::string& sql);
  /// Rows changed by the last statement.
  int changes() const;
  bool in_transaction() const;
  /// For tests: the file cannot grow beyond so many pages, as on a full disk.
  absl::Status LimitPages(std::uint32_t pages);

 private:
  explicit LogFile(sqlite3* connection) : connection_(connection) {}
  sqlite3* connection_;
};

using RecordVisitor =
    std::function<absl::Status(std::uint64_t index, ByteView bytes, const v1::Record&)>;

/// ReadLog's checks over an open file; grows `tree`, which must be empty, by every record.
absl::StatusOr<LogSummary> ReadRecords(LogFile& file, MerkleLog& tree, const RecordVisitor& each);

}  // namespace kaisar::audit
