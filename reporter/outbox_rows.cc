#include "reporter/outbox_rows.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"

namespace kaisar::reporter {
namespace {

constexpr int kApplicationId = 0x4b4f5554;  // "KOUT"
constexpr int kLayout = 1;

constexpr char kSchema[] =
    "CREATE TABLE transactions (id INTEGER PRIMARY KEY, chain BLOB NOT NULL, sender BLOB NOT NULL,"
    "  nonce INTEGER NOT NULL, purpose INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    "  target BLOB NOT NULL, input BLOB NOT NULL, gas_limit INTEGER NOT NULL,"
    "  window_end INTEGER NOT NULL, made INTEGER NOT NULL, state INTEGER NOT NULL,"
    "  included BLOB, block INTEGER, block_hash BLOB, success INTEGER, gas_used INTEGER,"
    "  gas_price BLOB, error TEXT NOT NULL);"
    "CREATE INDEX by_state ON transactions (state, nonce);"
    "CREATE INDEX by_nonce ON transactions (nonce);"
    "CREATE INDEX by_epoch ON transactions (epoch, purpose);"
    "CREATE TABLE attempts (transaction_id INTEGER NOT NULL, number INTEGER NOT NULL,"
    "  max_fee BLOB NOT NULL, priority_fee BLOB NOT NULL, hash BLOB NOT NULL, raw BLOB NOT NULL,"
    "  PRIMARY KEY (transaction_id, number)) WITHOUT ROWID;";

absl::Status ReadAttempts(SqliteFile& file, OutboxEntry& entry) {
  ASSIGN_OR_RETURN(SqliteStatement select,
                   file.Prepare("SELECT max_fee, priority_fee, hash, raw FROM attempts "
                                "WHERE transaction_id = ?1 ORDER BY number"));
  select.Bind(1, entry.id);
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) break;
    ByteView most, priority, hash, raw;
    Attempt attempt;
    Digest most_word{}, priority_word{};
    if (!select.Blob(0, most) || !CopyExactly(most, most_word) || !select.Blob(1, priority) ||
        !CopyExactly(priority, priority_word) || !select.Blob(2, hash) ||
        !CopyExactly(hash, attempt.transaction.hash) || !select.Blob(3, raw)) {
      return DamagedRow();
    }
    attempt.fees = {Uint256::FromWord(most_word), Uint256::FromWord(priority_word)};
    attempt.transaction.raw.assign(raw.begin(), raw.end());
    entry.attempts.push_back(std::move(attempt));
  }
  return entry.attempts.empty() ? DamagedRow() : absl::OkStatus();
}

/// The receipt's columns, from `included` on.
bool ReadReceipt(const SqliteStatement& row, OutboxEntry& entry) {
  ByteView included, block_hash, gas_price;
  if (!row.Blob(10, included)) return true;  // NULL
  chain::Receipt receipt;
  std::uint64_t success = 0;
  Digest price{};
  if (!CopyExactly(included, entry.included) || !row.Uint(11, receipt.block_number) ||
      !row.Blob(12, block_hash) || !CopyExactly(block_hash, receipt.block_hash) ||
      !row.Uint(13, success) || !row.Uint(14, receipt.gas_used) || !row.Blob(15, gas_price) ||
      !CopyExactly(gas_price, price)) {
    return false;
  }
  receipt.success = success != 0;
  receipt.gas_price = Uint256::FromWord(price);
  entry.receipt = receipt;
  return true;
}

absl::StatusOr<OutboxEntry> ReadEntry(SqliteFile& file, const SqliteStatement& row) {
  OutboxEntry entry;
  std::uint64_t purpose = 0, epoch = 0, state = 0;
  ByteView target, input;
  if (!row.Uint(0, entry.id) || !row.Uint(1, entry.nonce) || !row.Uint(2, purpose) ||
      !row.Uint(3, epoch) || !row.Blob(4, target) || !CopyExactly(target, entry.intent.to) ||
      !row.Blob(5, input) || !row.Uint(6, entry.gas_limit) ||
      !row.Uint(7, entry.intent.window_end_s) || !row.Uint(8, entry.made_s) ||
      !row.Uint(9, state) || !ReadReceipt(row, entry) || purpose < 1 ||
      purpose > static_cast<std::uint64_t>(Purpose::kMarkUnrevealed) || epoch > 0xffffffff ||
      state > static_cast<std::uint64_t>(SendState::kRefused)) {
    return DamagedRow();
  }
  entry.intent.purpose = static_cast<Purpose>(purpose);
  entry.intent.epoch = static_cast<std::uint32_t>(epoch);
  entry.intent.input.assign(input.begin(), input.end());
  entry.state = static_cast<SendState>(state);
  entry.error = row.Text(16);
  RETURN_IF_ERROR(ReadAttempts(file, entry));
  return entry;
}

}  // namespace

absl::Status DamagedRow() {
  return absl::DataLossError("it is damaged: a row is not as it was written");
}

absl::Status PrepareTables(SqliteFile& file) {
  RETURN_IF_ERROR(file.Query("PRAGMA journal_mode = WAL").status());
  RETURN_IF_ERROR(file.Execute("PRAGMA synchronous = FULL"));
  ASSIGN_OR_RETURN(const std::string application, file.Query("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const std::string tables, file.Query("SELECT count(*) FROM sqlite_schema"));
  if (application == "0" && tables == "0") {
    RETURN_IF_ERROR(file.Execute("BEGIN IMMEDIATE"));
    for (const absl::string_view statement : absl::StrSplit(kSchema, ';', absl::SkipEmpty())) {
      RETURN_IF_ERROR(file.Execute(std::string(statement)));
    }
    RETURN_IF_ERROR(file.Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId)));
    RETURN_IF_ERROR(file.Execute(absl::StrCat("PRAGMA user_version = ", kLayout)));
    return file.Execute("COMMIT");
  }
  if (application != absl::StrCat(kApplicationId)) {
    return absl::InvalidArgumentError("it is not an outbox");
  }
  ASSIGN_OR_RETURN(const std::string layout, file.Query("PRAGMA user_version"));
  if (layout == absl::StrCat(kLayout)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("it has layout ", layout, ", this program knows ", kLayout));
}

absl::StatusOr<std::vector<OutboxEntry>> ReadAll(SqliteFile& file, SqliteStatement& select) {
  std::vector<OutboxEntry> entries;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, select.Step());
    if (!more) return entries;
    ASSIGN_OR_RETURN(OutboxEntry entry, ReadEntry(file, select));
    entries.push_back(std::move(entry));
  }
}

absl::Status InsertAttempt(SqliteFile& file, std::uint64_t id, std::uint64_t number,
                           const Attempt& attempt) {
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   file.Prepare("INSERT INTO attempts VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
  const Digest most = attempt.fees.max_fee.ToWord(), priority = attempt.fees.priority_fee.ToWord();
  insert.Bind(1, id).Bind(2, number).Bind(3, most).Bind(4, priority);
  insert.Bind(5, attempt.transaction.hash).Bind(6, attempt.transaction.raw);
  return insert.Run();
}

std::string Describe(const OutboxEntry& entry) {
  return absl::StrCat(NameOf(entry.intent.purpose), " of epoch ", entry.intent.epoch);
}

}  // namespace kaisar::reporter
