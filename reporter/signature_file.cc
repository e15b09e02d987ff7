#include "reporter/signature_file.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/directory_lock.h"
#include "base/status_macros.h"

namespace kaisar::reporter {
namespace {

constexpr int kApplicationId = 0x4b534947;  // "KSIG", in the file's header
constexpr int kLayout = 2;

// One row per signed epoch, in order. `chained` is SHA-256 of the row before's `chained` (32 zeros
// for the first) and the row's values, and `head` repeats the last of them with the number of rows:
// so a changed, lost or added row shows when the store is opened. DELETE and not WAL: all there is
// to keep is one file. EXTRA is FULL, and the directory besides. Layout 1 had no `imported`.
constexpr char kSettings[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = DELETE;"
    "PRAGMA synchronous = EXTRA;"
    "PRAGMA trusted_schema = OFF;";
constexpr char kSchema[] =
    "CREATE TABLE signed (row INTEGER PRIMARY KEY, chain BLOB NOT NULL, contract BLOB NOT NULL,"
    "  slot INTEGER NOT NULL, epoch INTEGER NOT NULL, digest BLOB NOT NULL, chained BLOB NOT NULL,"
    "  imported INTEGER NOT NULL DEFAULT 0,"
    "  UNIQUE (chain, contract, slot, epoch));"
    "CREATE TABLE head (only INTEGER PRIMARY KEY CHECK (only = 1), rows INTEGER NOT NULL,"
    "  chained BLOB NOT NULL);"
    "INSERT INTO head VALUES (1, 0, zeroblob(32));";

constexpr char kFromLayout1[] =
    "BEGIN IMMEDIATE;"
    "ALTER TABLE signed ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;"
    "PRAGMA user_version = 2;"
    "COMMIT";

Bytes BigEndian64(std::uint64_t value) {
  Bytes bytes;
  AppendBigEndian64(bytes, value);
  return bytes;
}

absl::Status Damaged(const std::string& path, absl::string_view how) {
  return absl::DataLossError(absl::StrCat("signature store ", path, " is damaged: ", how,
                                          "; restore it from a backup that is not older than its "
                                          "last signature"));
}

absl::Status InUse(const std::string& path) {
  return absl::FailedPreconditionError(
      absl::StrCat("signature store ", path, " is in use by ", LockHolder(path)));
}

/// What an error of SQLite says about the store.
absl::Status StoreError(sqlite3* database, const std::string& path, int result) {
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return InUse(path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:  // a statement that does not fit the tables
    case SQLITE_MISMATCH:
      return Damaged(path, sqlite3_errmsg(database));
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return absl::PermissionDeniedError(
          absl::StrCat("cannot open signature store ", path, ": ", sqlite3_errmsg(database)));
    default:
      return absl::InternalError(
          absl::StrCat("cannot use signature store ", path, ": ", sqlite3_errmsg(database)));
  }
}

absl::Status Execute(sqlite3* database, const std::string& path, const char* sql) {
  const int result = sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? absl::OkStatus() : StoreError(database, path, result);
}

absl::Status ValidateRows(sqlite3* database, const std::string& path) {
  ASSIGN_OR_RETURN(const StoreHead head, ReadStoreHead(database, path));
  StoreHead recomputed;
  StoreStatement statement(database, "SELECT chained FROM signed ORDER BY row");
  ASSIGN_OR_RETURN(const std::vector<SignedEpoch> rows, ReadStoreRows(database, path));
  for (const SignedEpoch& row : rows) {
    ++recomputed.rows;
    recomputed.chained = ChainedHash(recomputed.chained, row);
    if (statement.Step() != SQLITE_ROW || statement.Blob(0) != ByteView(recomputed.chained)) {
      return Damaged(path, absl::StrCat("row ", recomputed.rows, " is not as it was written"));
    }
  }
  if (recomputed.rows == head.rows && recomputed.chained == head.chained) return absl::OkStatus();
  return Damaged(path,
                 absl::StrCat("it has ", recomputed.rows, " rows, its head says ", head.rows));
}

absl::Status Validate(sqlite3* database, const std::string& path) {
  std::int64_t layout = 0;
  {
    StoreStatement header(database, "SELECT * FROM pragma_application_id, pragma_user_version");
    if (const int result = header.Step(); result != SQLITE_ROW) {
      return StoreError(database, path, result);
    }
    if (header.Integer(0) != kApplicationId) return Damaged(path, "it is not a signature store");
    layout = header.Integer(1);
  }
  if (layout == 1) {
    RETURN_IF_ERROR(Execute(database, path, kFromLayout1));
  } else if (layout != kLayout) {
    return absl::FailedPreconditionError(absl::StrCat("signature store ", path, " has layout ",
                                                      layout, ", this program knows ", kLayout));
  }
  StoreStatement check(database, "PRAGMA integrity_check(1)");
  const int result = check.Step();
  if (result != SQLITE_ROW) return StoreError(database, path, result);
  const std::string verdict = ToString(check.Blob(0));
  if (verdict != "ok") return Damaged(path, verdict);
  return ValidateRows(database, path);
}

}  // namespace

StoreStatement::StoreStatement(sqlite3* database, const char* sql)
    : status_(sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr)) {}

StoreStatement::~StoreStatement() {
  sqlite3_finalize(statement_);
}

StoreStatement& StoreStatement::Bind(std::int64_t value) {
  if (status_ == SQLITE_OK) status_ = sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

StoreStatement& StoreStatement::Bind(ByteView value) {
  if (status_ == SQLITE_OK) {
    status_ =
        sqlite3_bind_blob64(statement_, ++bound_, value.data(), value.size(), SQLITE_TRANSIENT);
  }
  return *this;
}

int StoreStatement::Step() {
  return status_ == SQLITE_OK ? sqlite3_step(statement_) : status_;
}

std::int64_t StoreStatement::Integer(int column) {
  return sqlite3_column_int64(statement_, column);
}

ByteView StoreStatement::Blob(int column) {
  const void* bytes = sqlite3_column_blob(statement_, column);  // before the size, says SQLite
  return ByteView(static_cast<const std::uint8_t*>(bytes),
                  static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

void CloseDatabase::operator()(sqlite3* database) const {
  sqlite3_close(database);
}

absl::StatusOr<std::string> EmptyStoreFile(const std::string& path) {
  sqlite3* made = nullptr;
  const int result = sqlite3_open_v2(":memory:", &made, SQLITE_OPEN_READWRITE, nullptr);
  const Database database(made);
  if (result != SQLITE_OK) return StoreError(made, path, result);
  RETURN_IF_ERROR(Execute(made, path,
                          absl::StrCat("PRAGMA application_id = ", kApplicationId,
                                       "; PRAGMA user_version = ", kLayout, ";", kSchema)
                              .c_str()));
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, decltype(&sqlite3_free)> image(
      sqlite3_serialize(made, "main", &size, 0), sqlite3_free);
  if (image == nullptr) return absl::InternalError("cannot make a signature store: no memory");
  return std::string(reinterpret_cast<const char*>(image.get()), static_cast<std::size_t>(size));
}

absl::StatusOr<Database> OpenStoreFile(const std::string& path) {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  Database database(opened);
  if (result != SQLITE_OK) return StoreError(opened, path, result);
  RETURN_IF_ERROR(Execute(opened, path, kSettings));
  // Takes the lock, which EXCLUSIVE then keeps, and rolls back what a crash left half done.
  RETURN_IF_ERROR(Execute(opened, path, "BEGIN EXCLUSIVE; COMMIT"));
  RETURN_IF_ERROR(Validate(opened, path));
  return database;
}

int RunStatements(sqlite3* database, const char* sql) {
  return sqlite3_exec(database, sql, nullptr, nullptr, nullptr);
}

absl::StatusOr<StoreHead> ReadStoreHead(sqlite3* database, const std::string& path) {
  StoreHead head;
  StoreStatement statement(database, "SELECT rows, chained FROM head WHERE only = 1");
  const int result = statement.Step();
  if (result == SQLITE_DONE) return Damaged(path, "it has no head");
  if (result != SQLITE_ROW) return StoreError(database, path, result);
  head.rows = statement.Integer(0);
  if (!CopyExactly(statement.Blob(1), head.chained)) return Damaged(path, "its head is cut short");
  return head;
}

absl::StatusOr<std::vector<SignedEpoch>> ReadStoreRows(sqlite3* database, const std::string& path) {
  StoreStatement statement(
      database, "SELECT chain, contract, slot, epoch, digest, imported FROM signed ORDER BY row");
  std::vector<SignedEpoch> rows;
  int result = SQLITE_ROW;
  while ((result = statement.Step()) == SQLITE_ROW) {
    SignedEpoch row;
    const Bytes chain(statement.Blob(0).begin(), statement.Blob(0).end());
    row.slot = static_cast<std::uint32_t>(statement.Integer(2));
    row.epoch = static_cast<std::uint32_t>(statement.Integer(3));
    row.imported = statement.Integer(5) != 0;
    if (chain.size() != 8 || !CopyExactly(statement.Blob(1), row.contract) ||
        !CopyExactly(statement.Blob(4), row.digest)) {
      return Damaged(path, absl::StrCat("row ", rows.size() + 1, " is not as it was written"));
    }
    for (const std::uint8_t byte : chain) row.chain_id = row.chain_id << 8 | byte;
    rows.push_back(row);
  }
  if (result != SQLITE_DONE) return StoreError(database, path, result);
  return rows;
}

int AppendStoreRow(sqlite3* database, const StoreHead& head, const SignedEpoch& row) {
  const Digest chained = ChainedHash(head.chained, row);
  StoreStatement insert(database,
                        "INSERT INTO signed (row, chain, contract, slot, epoch, digest, chained,"
                        " imported) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  insert.Bind(head.rows + 1).Bind(BigEndian64(row.chain_id)).Bind(row.contract);
  insert.Bind(row.slot).Bind(row.epoch).Bind(row.digest).Bind(chained);
  insert.Bind(std::int64_t{row.imported});
  const int result = insert.Step();
  if (result != SQLITE_DONE) return result;
  StoreStatement update(database, "UPDATE head SET rows = ?, chained = ? WHERE only = 1");
  return update.Bind(head.rows + 1).Bind(chained).Step();
}

}  // namespace kaisar::reporter
