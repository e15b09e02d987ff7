#include "reporter/signature_store.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/directory_lock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "reporter/signed_epoch.h"

namespace kaisar::reporter {
namespace {

constexpr int kApplicationId = 0x4b534947;  // "KSIG", in the file's header
constexpr int kLayout = 1;

// One row per signed epoch, in order. `chained` is SHA-256 of the row before's `chained` (32 zeros
// for the first) and the row's values, and `head` repeats the last of them with the number of rows:
// so a changed, lost or added row shows when the store is opened. DELETE and not WAL: all there is
// to keep is one file. EXTRA is FULL, and the directory besides.
constexpr char kSettings[] =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA journal_mode = DELETE;"
    "PRAGMA synchronous = EXTRA;"
    "PRAGMA trusted_schema = OFF;";
constexpr char kSchema[] =
    "CREATE TABLE signed (row INTEGER PRIMARY KEY, chain BLOB NOT NULL, contract BLOB NOT NULL,"
    "  slot INTEGER NOT NULL, epoch INTEGER NOT NULL, digest BLOB NOT NULL, chained BLOB NOT NULL,"
    "  UNIQUE (chain, contract, slot, epoch));"
    "CREATE TABLE head (only INTEGER PRIMARY KEY CHECK (only = 1), rows INTEGER NOT NULL,"
    "  chained BLOB NOT NULL);"
    "INSERT INTO head VALUES (1, 0, zeroblob(32));";

struct Head {
  std::int64_t rows = 0;
  Digest chained{};
};

Bytes BigEndian64(std::uint64_t value) {
  Bytes bytes;
  AppendBigEndian64(bytes, value);
  return bytes;
}

class Statement {
 public:
  Statement(sqlite3* database, const char* sql) {
    status_ = sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(std::int64_t value) {
    if (status_ == SQLITE_OK) status_ = sqlite3_bind_int64(statement_, ++bound_, value);
    return *this;
  }
  Statement& Bind(ByteView value) {
    if (status_ == SQLITE_OK) {
      status_ =
          sqlite3_bind_blob64(statement_, ++bound_, value.data(), value.size(), SQLITE_TRANSIENT);
    }
    return *this;
  }
  /// SQLITE_ROW, SQLITE_DONE or an error.
  int Step() { return status_ == SQLITE_OK ? sqlite3_step(statement_) : status_; }

  std::int64_t Integer(int column) { return sqlite3_column_int64(statement_, column); }
  ByteView Blob(int column) {
    const void* bytes = sqlite3_column_blob(statement_, column);  // before the size, says SQLite
    return ByteView(static_cast<const std::uint8_t*>(bytes),
                    static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int status_ = SQLITE_OK;
  int bound_ = 0;
};

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

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

absl::StatusOr<Database> OpenDatabase(const std::string& path) {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  Database database(opened);
  if (result != SQLITE_OK) return StoreError(opened, path, result);
  RETURN_IF_ERROR(Execute(opened, path, kSettings));
  return database;
}

absl::StatusOr<Head> ReadHead(sqlite3* database, const std::string& path) {
  Head head;
  Statement statement(database, "SELECT rows, chained FROM head WHERE only = 1");
  const int result = statement.Step();
  if (result == SQLITE_DONE) return Damaged(path, "it has no head");
  if (result != SQLITE_ROW) return StoreError(database, path, result);
  head.rows = statement.Integer(0);
  if (!CopyExactly(statement.Blob(1), head.chained)) return Damaged(path, "its head is cut short");
  return head;
}

absl::Status ValidateRows(sqlite3* database, const std::string& path) {
  ASSIGN_OR_RETURN(const Head head, ReadHead(database, path));
  Head recomputed;
  Statement statement(
      database, "SELECT chain, contract, slot, epoch, digest, chained FROM signed ORDER BY row");
  int result = SQLITE_ROW;
  while ((result = statement.Step()) == SQLITE_ROW) {
    const std::string name = absl::StrCat("row ", ++recomputed.rows, " is not as it was written");
    SignedEpoch row;
    Bytes chain(statement.Blob(0).begin(), statement.Blob(0).end());
    row.slot = static_cast<std::uint32_t>(statement.Integer(2));
    row.epoch = static_cast<std::uint32_t>(statement.Integer(3));
    if (chain.size() != 8 || !CopyExactly(statement.Blob(1), row.contract) ||
        !CopyExactly(statement.Blob(4), row.digest)) {
      return Damaged(path, name);
    }
    for (const std::uint8_t byte : chain) row.chain_id = row.chain_id << 8 | byte;
    recomputed.chained = ChainedHash(recomputed.chained, row);
    if (statement.Blob(5) != ByteView(recomputed.chained)) return Damaged(path, name);
  }
  if (result != SQLITE_DONE) return StoreError(database, path, result);
  if (recomputed.rows == head.rows && recomputed.chained == head.chained) return absl::OkStatus();
  return Damaged(path,
                 absl::StrCat("it has ", recomputed.rows, " rows, its head says ", head.rows));
}

absl::Status Validate(sqlite3* database, const std::string& path) {
  Statement header(database, "SELECT * FROM pragma_application_id, pragma_user_version");
  if (const int result = header.Step(); result != SQLITE_ROW) {
    return StoreError(database, path, result);
  }
  if (header.Integer(0) != kApplicationId) return Damaged(path, "it is not a signature store");
  const std::int64_t layout = header.Integer(1);
  if (layout != kLayout) {
    return absl::FailedPreconditionError(absl::StrCat("signature store ", path, " has layout ",
                                                      layout, ", this program knows ", kLayout));
  }
  Statement check(database, "PRAGMA integrity_check(1)");
  const int result = check.Step();
  if (result != SQLITE_ROW) return StoreError(database, path, result);
  const std::string verdict = ToString(check.Blob(0));
  if (verdict != "ok") return Damaged(path, verdict);
  return ValidateRows(database, path);
}

class SqliteSignatureStore final : public SignatureStore {
 public:
  SqliteSignatureStore(std::string path, Database database)
      : path_(std::move(path)), database_(std::move(database)) {}

  absl::StatusOr<Signature> Sign(const audit::Report& report, const SigningKey& key) override {
    const SignedEpoch row{report.domain.chain_id, report.domain.contract, report.slot, report.epoch,
                          audit::ReportDigest(report)};
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const std::optional<Digest> recorded, FindRow(row));
    if (!recorded.has_value()) RETURN_IF_ERROR(Record(row));
    if (!recorded.has_value() || *recorded == row.digest) return key.Sign(row.digest);
    return absl::AlreadyExistsError(absl::StrCat("slot ", row.slot, " signed ", ToHex(*recorded),
                                                 " for epoch ", row.epoch, ", and does not sign ",
                                                 ToHex(row.digest), " for it, too"));
  }

  absl::StatusOr<std::optional<Digest>> Find(const SigningDomain& domain, std::uint32_t slot,
                                             std::uint32_t epoch) override {
    MutexLock lock(mutex_);
    return FindRow({domain.chain_id, domain.contract, slot, epoch, {}});
  }

 private:
  absl::StatusOr<std::optional<Digest>> FindRow(const SignedEpoch& row)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Statement statement(database_.get(),
                        "SELECT digest FROM signed WHERE chain = ? AND contract = ? AND slot = ? "
                        "AND epoch = ?");
    statement.Bind(BigEndian64(row.chain_id)).Bind(row.contract).Bind(row.slot).Bind(row.epoch);
    const int result = statement.Step();
    if (result == SQLITE_DONE) return std::optional<Digest>();
    Digest digest;
    if (result == SQLITE_ROW && CopyExactly(statement.Blob(0), digest)) {
      return std::optional<Digest>(digest);
    }
    return NotDurable();
  }

  absl::Status Record(const SignedEpoch& row) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ASSIGN_OR_RETURN(const Head head, ReadHead(database_.get(), path_));
    const Digest chained = ChainedHash(head.chained, row);
    int result = Run("BEGIN IMMEDIATE");
    if (result == SQLITE_OK) {
      Statement insert(database_.get(), "INSERT INTO signed VALUES (?, ?, ?, ?, ?, ?, ?)");
      insert.Bind(head.rows + 1).Bind(BigEndian64(row.chain_id)).Bind(row.contract);
      insert.Bind(row.slot).Bind(row.epoch).Bind(row.digest).Bind(chained);
      result = insert.Step();
    }
    if (result == SQLITE_DONE) {
      Statement update(database_.get(), "UPDATE head SET rows = ?, chained = ? WHERE only = 1");
      result = update.Bind(head.rows + 1).Bind(chained).Step();
    }
    if (result == SQLITE_DONE) result = Run("COMMIT");
    if (result == SQLITE_OK) return absl::OkStatus();
    const absl::Status status = NotDurable();
    Run("ROLLBACK");
    return status;
  }

  int Run(const char* sql) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  }

  absl::Status NotDurable() {
    return absl::InternalError(absl::StrCat("nothing is signed, because signature store ", path_,
                                            " cannot keep it: ", sqlite3_errmsg(database_.get())));
  }

  const std::string path_;
  Mutex mutex_;
  const Database database_;
};

}  // namespace

absl::Status SignatureStore::Initialize(const std::string& path) {
  // Made beside its place, so that a crash leaves no half of a store there.
  struct stat status;
  if (lstat(path.c_str(), &status) == 0) {
    return absl::AlreadyExistsError(absl::StrCat("signature store ", path, " exists already"));
  }
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
  return CreateSecretFile(path, absl::string_view(reinterpret_cast<const char*>(image.get()),
                                                  static_cast<std::size_t>(size)));
}

absl::StatusOr<std::unique_ptr<SignatureStore>> SignatureStore::Open(const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0 && errno == ENOENT) {
    return absl::NotFoundError(absl::StrCat("there is no signature store ", path,
                                            ": restore it if this slot has ever signed a report, "
                                            "and only otherwise initialize an empty one"));
  }
  ASSIGN_OR_RETURN(Database database, OpenDatabase(path));
  // Takes the lock, which EXCLUSIVE then keeps, and rolls back what a crash left half done.
  RETURN_IF_ERROR(Execute(database.get(), path, "BEGIN EXCLUSIVE; COMMIT"));
  RETURN_IF_ERROR(Validate(database.get(), path));
  return std::make_unique<SqliteSignatureStore>(path, std::move(database));
}

}  // namespace kaisar::reporter
