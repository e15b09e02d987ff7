#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "reporter/signed_epoch.h"

struct sqlite3;
struct sqlite3_stmt;

// The SQLite file of reporter/signature_store.h.
namespace kaisar::reporter {

/// One prepared statement; the first error stays.
///
/// Threads: one at a time.
class StoreStatement {
 public:
  StoreStatement(sqlite3* database, const char* sql);
  ~StoreStatement();
  StoreStatement(const StoreStatement&) = delete;
  StoreStatement& operator=(const StoreStatement&) = delete;

  /// Binds the next parameter.
  StoreStatement& Bind(std::int64_t value);
  StoreStatement& Bind(ByteView value);
  /// SQLITE_ROW, SQLITE_DONE or an error.
  int Step();

  /// Of the current row; columns count from 0.
  std::int64_t Integer(int column);
  ByteView Blob(int column);

 private:
  sqlite3_stmt* statement_ = nullptr;
  int status_;
  int bound_ = 0;
};

struct CloseDatabase {
  void operator()(sqlite3* database) const;
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

/// What the last row says, and how many there are.
struct StoreHead {
  std::int64_t rows = 0;
  Digest chained{};
};

/// The bytes of an empty store.
absl::StatusOr<std::string> EmptyStoreFile(const std::string& path);

/// Opens a store, takes its lock and checks all of it; a store of layout 1 becomes one of layout 2.
///
/// Errors: those of SignatureStore::Open.
absl::StatusOr<Database> OpenStoreFile(const std::string& path);

/// Runs statements without rows. Result: SQLite's.
int RunStatements(sqlite3* database, const char* sql);

absl::StatusOr<StoreHead> ReadStoreHead(sqlite3* database, const std::string& path);
/// All rows in order.
absl::StatusOr<std::vector<SignedEpoch>> ReadStoreRows(sqlite3* database, const std::string& path);
/// Appends a row and makes it the head; to be called within a transaction. Result: SQLite's, DONE
/// when all went well.
int AppendStoreRow(sqlite3* database, const StoreHead& head, const SignedEpoch& row);

}  // namespace kaisar::reporter
