#include "reporter/signature_store.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "reporter/signature_file.h"
#include "reporter/signature_interchange.h"

namespace kaisar::reporter {
namespace {

Bytes BigEndian64(std::uint64_t value) {
  Bytes bytes;
  AppendBigEndian64(bytes, value);
  return bytes;
}

absl::Status SignedAnother(const SignedEpoch& row, const Digest& recorded) {
  return absl::AlreadyExistsError(absl::StrCat("slot ", row.slot, " signed ", ToHex(recorded),
                                               " for epoch ", row.epoch, ", and does not sign ",
                                               ToHex(row.digest), " for it, too"));
}

class SqliteSignatureStore final : public SignatureStore {
 public:
  SqliteSignatureStore(std::string path, Database database)
      : path_(std::move(path)), database_(std::move(database)) {}

  absl::StatusOr<Signature> Sign(const audit::Report& report, const SigningKey& key) override {
    const SignedEpoch row{report.domain.chain_id, report.domain.contract,      report.slot,
                          report.epoch,           audit::ReportDigest(report), false};
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const std::optional<Digest> recorded, FindRow(row));
    if (recorded.has_value() && *recorded != row.digest) return SignedAnother(row, *recorded);
    if (!recorded.has_value()) {
      RETURN_IF_ERROR(CheckAboveImported(row));
      RETURN_IF_ERROR(Record({row}));
    }
    return key.Sign(row.digest);
  }

  absl::StatusOr<std::optional<Digest>> Find(const SigningDomain& domain, std::uint32_t slot,
                                             std::uint32_t epoch) override {
    MutexLock lock(mutex_);
    return FindRow({domain.chain_id, domain.contract, slot, epoch, {}, false});
  }

  absl::StatusOr<std::string> Export() override {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const std::vector<SignedEpoch> rows, ReadStoreRows(database_.get(), path_));
    return SerializeSignatures(rows);
  }

  absl::StatusOr<std::uint32_t> Import(const std::string& json) override {
    ASSIGN_OR_RETURN(const std::vector<SignedEpoch> rows, ParseSignatures(json));
    MutexLock lock(mutex_);
    std::vector<SignedEpoch> added;
    for (SignedEpoch row : rows) {
      ASSIGN_OR_RETURN(const std::optional<Digest> recorded, FindRow(row));
      if (recorded.has_value() && *recorded != row.digest) return SignedAnother(row, *recorded);
      row.imported = true;
      if (!recorded.has_value()) added.push_back(row);
    }
    RETURN_IF_ERROR(Record(added));
    return static_cast<std::uint32_t>(added.size());
  }

 private:
  absl::StatusOr<std::optional<Digest>> FindRow(const SignedEpoch& row)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    StoreStatement statement(database_.get(),
                             "SELECT digest FROM signed WHERE chain = ? AND contract = ? AND "
                             "slot = ? AND epoch = ?");
    statement.Bind(BigEndian64(row.chain_id)).Bind(row.contract).Bind(row.slot).Bind(row.epoch);
    const int result = statement.Step();
    if (result == SQLITE_DONE) return std::optional<Digest>();
    Digest digest;
    if (result == SQLITE_ROW && CopyExactly(statement.Blob(0), digest)) {
      return std::optional<Digest>(digest);
    }
    return NotDurable();
  }

  /// Another node's history may be older than that node's last signature: up to its last epoch,
  /// and that of what was known before, nothing is signed that is not in it.
  absl::Status CheckAboveImported(const SignedEpoch& row) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    StoreStatement statement(
        database_.get(),
        "SELECT coalesce(max(epoch), -1) FROM signed WHERE chain = ?1 AND contract = ?2 AND "
        "slot = ?3 AND row <= (SELECT max(row) FROM signed WHERE chain = ?1 AND contract = ?2 AND "
        "slot = ?3 AND imported = 1)");
    statement.Bind(BigEndian64(row.chain_id)).Bind(row.contract).Bind(row.slot);
    if (statement.Step() != SQLITE_ROW) return NotDurable();
    const std::int64_t last = statement.Integer(0);
    if (std::int64_t{row.epoch} > last) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "slot ", row.slot, " signs nothing for epoch ", row.epoch,
        ": the history that was imported goes up to epoch ", last, " and has no signature for it"));
  }

  absl::Status Record(const std::vector<SignedEpoch>& rows) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ASSIGN_OR_RETURN(StoreHead head, ReadStoreHead(database_.get(), path_));
    int result = RunStatements(database_.get(), "BEGIN IMMEDIATE");
    for (const SignedEpoch& row : rows) {
      if (result != SQLITE_OK) break;
      result = AppendStoreRow(database_.get(), head, row);
      if (result == SQLITE_DONE) result = SQLITE_OK;
      head = {head.rows + 1, ChainedHash(head.chained, row)};
    }
    if (result == SQLITE_OK) result = RunStatements(database_.get(), "COMMIT");
    if (result == SQLITE_OK) return absl::OkStatus();
    const absl::Status status = NotDurable();
    RunStatements(database_.get(), "ROLLBACK");
    return status;
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
  ASSIGN_OR_RETURN(const std::string content, EmptyStoreFile(path));
  return CreateSecretFile(path, content);
}

absl::StatusOr<std::unique_ptr<SignatureStore>> SignatureStore::Open(const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0 && errno == ENOENT) {
    return absl::NotFoundError(absl::StrCat("there is no signature store ", path,
                                            ": restore it if this slot has ever signed a report, "
                                            "and only otherwise initialize an empty one"));
  }
  ASSIGN_OR_RETURN(Database database, OpenStoreFile(path));
  return std::make_unique<SqliteSignatureStore>(path, std::move(database));
}

}  // namespace kaisar::reporter
