#include "reporter/outbox.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/directory_lock.h"
#include "base/status_macros.h"
#include "base/system_error.h"
#include "reporter/outbox_rows.h"

namespace kaisar::reporter {
namespace {

constexpr std::uint64_t kMostValueBytes = 8
                                          << 20;  // a transaction's bytes, well beyond any chain's
constexpr std::uint64_t kMostKept = 20'000;

Bytes BigEndian64(std::uint64_t value) {
  Bytes bytes;
  AppendBigEndian64(bytes, value);
  return bytes;
}

absl::Status Named(const std::string& path, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("outbox ", path, ": ", status.message()));
}

absl::StatusOr<int> LockFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return SystemError("open outbox", path);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  const absl::Status status = errno == EWOULDBLOCK
                                  ? absl::FailedPreconditionError(absl::StrCat(
                                        "outbox ", path, " is in use by ", LockHolder(path)))
                                  : SystemError("lock outbox", path);
  close(fd);
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Open(const std::string& path,
                                                     std::uint64_t chain_id, const Address& sender,
                                                     std::function<void()> written) {
  ASSIGN_OR_RETURN(const int fd, LockFile(path));
  absl::StatusOr<std::unique_ptr<SqliteFile>> file =
      SqliteFile::Open(path, SqliteFile::Mode::kWrite, kMostValueBytes);
  absl::Status status = file.status();
  if (status.ok()) status = PrepareTables(**file);
  if (status.ok()) {
    status = (*file)->Execute(absl::StrCat(
        "DELETE FROM transactions WHERE state != 0 AND id <= (SELECT max(id) FROM transactions) - ",
        kMostKept));
  }
  if (status.ok()) {
    status = (*file)->Execute(
        "DELETE FROM attempts WHERE transaction_id NOT IN (SELECT id FROM transactions)");
  }
  if (!status.ok()) {
    file = absl::UnknownError("closed");  // before the descriptor
    close(fd);
    return Named(path, status);
  }
  return std::unique_ptr<Outbox>(
      new Outbox(path, fd, *std::move(file), chain_id, sender, std::move(written)));
}

Outbox::Outbox(std::string path, int lock_fd, std::unique_ptr<SqliteFile> file,
               std::uint64_t chain_id, const Address& sender, std::function<void()> written)
    : path_(std::move(path)),
      lock_fd_(lock_fd),
      file_(std::move(file)),
      chain_(BigEndian64(chain_id)),
      sender_(sender.begin(), sender.end()),
      written_(std::move(written)) {}

Outbox::~Outbox() {
  file_.reset();
  close(lock_fd_);
}

absl::StatusOr<std::vector<OutboxEntry>> Outbox::Read(const std::string& path, std::uint32_t most) {
  const auto read = [&]() -> absl::StatusOr<std::vector<OutboxEntry>> {
    ASSIGN_OR_RETURN(const std::unique_ptr<SqliteFile> file,
                     SqliteFile::Open(path, SqliteFile::Mode::kRead, kMostValueBytes));
    ASSIGN_OR_RETURN(SqliteStatement select,
                     file->Prepare(absl::StrCat(kEntryColumns, "ORDER BY id DESC LIMIT ?1")));
    select.Bind(1, most);
    return ReadAll(*file, select);
  };
  absl::StatusOr<std::vector<OutboxEntry>> entries = read();
  if (!entries.ok()) return Named(path, entries.status());
  return entries;
}

absl::StatusOr<std::vector<OutboxEntry>> Outbox::Select(const std::string& where,
                                                        std::uint64_t first, std::uint64_t second) {
  const auto read = [&]() -> absl::StatusOr<std::vector<OutboxEntry>> {
    ASSIGN_OR_RETURN(SqliteStatement select,
                     file_->Prepare(absl::StrCat(
                         kEntryColumns,
                         "WHERE chain = ?1 AND sender = ?2 AND ?3 = ?3 AND ?4 = ?4 AND ", where)));
    select.Bind(1, chain_).Bind(2, sender_).Bind(3, first).Bind(4, second);
    return ReadAll(*file_, select);
  };
  absl::StatusOr<std::vector<OutboxEntry>> entries = read();
  if (!entries.ok()) return Named(path_, entries.status());
  return entries;
}

absl::StatusOr<std::vector<OutboxEntry>> Outbox::OpenEntries() {
  return Select("state = 0 ORDER BY nonce, id", 0, 0);
}

absl::StatusOr<std::vector<OutboxEntry>> Outbox::WithNonce(std::uint64_t nonce) {
  return Select("nonce = ?3 ORDER BY id", nonce, 0);
}

absl::StatusOr<std::optional<OutboxEntry>> Outbox::LastOf(Purpose purpose, std::uint32_t epoch) {
  ASSIGN_OR_RETURN(std::vector<OutboxEntry> found,
                   Select("epoch = ?3 AND purpose = ?4 ORDER BY id DESC LIMIT 1", epoch,
                          static_cast<std::uint64_t>(purpose)));
  if (found.empty()) return std::optional<OutboxEntry>();
  return std::optional<OutboxEntry>(std::move(found.front()));
}

absl::Status Outbox::Commit(const absl::Status& status) {
  absl::Status ended = status.ok() ? file_->Execute("COMMIT") : status;
  if (!ended.ok()) {
    if (file_->in_transaction()) file_->Execute("ROLLBACK").IgnoreError();
    return Named(path_, ended);
  }
  written_();
  return absl::OkStatus();
}

absl::StatusOr<std::uint64_t> Outbox::Insert(const OutboxEntry& entry, std::uint64_t superseded) {
  std::uint64_t id = 0;
  const auto write = [&]() -> absl::Status {
    RETURN_IF_ERROR(file_->Execute("BEGIN IMMEDIATE"));
    if (superseded != 0) {
      ASSIGN_OR_RETURN(SqliteStatement end,
                       file_->Prepare("UPDATE transactions SET state = ?1 WHERE id = ?2"));
      end.Bind(1, static_cast<std::uint64_t>(SendState::kSuperseded)).Bind(2, superseded);
      RETURN_IF_ERROR(end.Run());
    }
    ASSIGN_OR_RETURN(
        SqliteStatement insert,
        file_->Prepare("INSERT INTO transactions VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
                       " ?10, 0, NULL, NULL, NULL, NULL, NULL, NULL, '') RETURNING id"));
    const Intent& intent = entry.intent;
    insert.Bind(1, chain_).Bind(2, sender_).Bind(3, entry.nonce);
    insert.Bind(4, static_cast<std::uint64_t>(intent.purpose)).Bind(5, intent.epoch);
    insert.Bind(6, intent.to).Bind(7, intent.input).Bind(8, entry.gas_limit);
    insert.Bind(9, intent.window_end_s).Bind(10, entry.made_s);
    ASSIGN_OR_RETURN(const bool given, insert.Step());
    if (!given || !insert.Uint(0, id)) return DamagedRow();
    RETURN_IF_ERROR(insert.Step().status());
    return InsertAttempt(*file_, id, 1, entry.attempts.front());
  };
  RETURN_IF_ERROR(Commit(write()));
  return id;
}

absl::Status Outbox::AddAttempt(const OutboxEntry& entry, const Attempt& attempt) {
  const auto write = [&]() -> absl::Status {
    RETURN_IF_ERROR(file_->Execute("BEGIN IMMEDIATE"));
    return InsertAttempt(*file_, entry.id, entry.attempts.size() + 1, attempt);
  };
  return Commit(write());
}

absl::Status Outbox::Update(const OutboxEntry& entry) {
  const auto write = [&]() -> absl::Status {
    RETURN_IF_ERROR(file_->Execute("BEGIN IMMEDIATE"));
    ASSIGN_OR_RETURN(SqliteStatement update,
                     file_->Prepare("UPDATE transactions SET state = ?2, error = ?3, included = ?4,"
                                    " block = ?5, block_hash = ?6, success = ?7, gas_used = ?8,"
                                    " gas_price = ?9 WHERE id = ?1"));
    update.Bind(1, entry.id).Bind(2, static_cast<std::uint64_t>(entry.state));
    update.BindText(3, entry.error);
    Digest price{};
    if (entry.receipt.has_value()) {  // what is not bound is NULL
      price = entry.receipt->gas_price.ToWord();
      update.Bind(4, entry.included).Bind(5, entry.receipt->block_number);
      update.Bind(6, entry.receipt->block_hash).Bind(7, entry.receipt->success ? 1 : 0);
      update.Bind(8, entry.receipt->gas_used).Bind(9, price);
    }
    return update.Run();
  };
  return Commit(write());
}

}  // namespace kaisar::reporter
