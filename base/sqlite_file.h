#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kaisar {

/// One prepared statement of a SqliteFile, which must outlive it.
///
/// Threads: one at a time.
class SqliteStatement {
 public:
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement, &Finalize) {}

  /// Parameters count from 1; an integer above 2^63 - 1 reads back as none.
  SqliteStatement& Bind(int index, std::uint64_t value);
  /// The bytes must live until the next Step.
  SqliteStatement& Bind(int index, ByteView bytes);
  SqliteStatement& BindText(int index, const std::string& text);

  /// Result: true when there is a row.
  absl::StatusOr<bool> Step();
  /// Steps once and resets, for a statement without rows.
  absl::Status Run();
  void Reset();

  /// Of the current row; columns count from 0. Result: false when the column is of another type or
  /// negative.
  [[nodiscard]] bool Uint(int column, std::uint64_t& value) const;
  [[nodiscard]] bool Blob(int column, ByteView& bytes) const;
  std::string Text(int column) const;

 private:
  static void Finalize(sqlite3_stmt* statement);
  std::unique_ptr<sqlite3_stmt, void (*)(sqlite3_stmt*)> statement_;
};

/// One connection to a SQLite file, which may come from a stranger.
///
/// Threads: one at a time.
/// Errors:  of all: NotFound, PermissionDenied, ResourceExhausted (disk full), DataLoss (damaged),
///          InvalidArgument (no SQLite file),
///          Unavailable (locked by another process), otherwise Internal; with the system's words.
class SqliteFile {
 public:
  enum class Mode { kRead, kWrite, kCreate };
  /// No value in it is longer than `most_value_bytes`.
  static absl::StatusOr<std::unique_ptr<SqliteFile>> Open(const std::string& path, Mode mode,
                                                          std::uint64_t most_value_bytes);
  ~SqliteFile();
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;

  absl::Status Execute(const std::string& sql);
  /// The first column of the first row, as text; empty when there is none.
  absl::StatusOr<std::string> Query(const std::string& sql);
  absl::StatusOr<SqliteStatement> Prepare(const std::string& sql);
  /// Rows changed by the last statement.
  int changes() const;
  bool in_transaction() const;
  /// For tests: the file cannot grow beyond so many pages, as on a full disk.
  absl::Status LimitPages(std::uint32_t pages);

 private:
  explicit SqliteFile(sqlite3* connection) : connection_(connection) {}
  sqlite3* connection_;
};

}  // namespace kaisar
