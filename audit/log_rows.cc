#include "audit/log_rows.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/log_file.h"
#include "audit/names.h"
#include "base/hex.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

/// Puts the record before what SQLite says; the code stays (DataLoss, no permission, disk error).
absl::Status BreaksAt(std::uint64_t index, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("record ", index, ": ", status.message()));
}

absl::Status Broken(std::uint64_t index, absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("record ", index, ": ", std::string(what.data(), what.size())));
}

/// The schema must be ours to the letter, so that no view or index stands in for a table.
absl::Status CheckIsLog(SqliteFile& file) {
  ASSIGN_OR_RETURN(const std::string application, file.Query("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const std::string version, file.Query("PRAGMA user_version"));
  if (application != absl::StrCat(kLogApplicationId)) {
    return absl::InvalidArgumentError(absl::StrCat("is not a challenge log: application id ",
                                                   application, ", expected ", kLogApplicationId));
  }
  if (version != absl::StrCat(kLogFormatVersion)) {
    return absl::InvalidArgumentError(
        absl::StrCat("is a challenge log of format ", version, ", expected ", kLogFormatVersion));
  }
  ASSIGN_OR_RETURN(SqliteStatement schema,
                   file.Prepare("SELECT sql FROM sqlite_schema ORDER BY name"));
  for (const char* expected : {kHeadTable, kRecordsTable}) {
    ASSIGN_OR_RETURN(const bool more, schema.Step());
    const std::string found = more ? schema.Text(0) : "nothing";
    if (found != expected) {
      return absl::DataLossError(absl::StrCat("schema has ", found, ", expected ", expected));
    }
  }
  ASSIGN_OR_RETURN(const bool more, schema.Step());
  if (more) return absl::DataLossError(absl::StrCat("schema has more: ", schema.Text(0)));
  return absl::OkStatus();
}

/// Rows are only ever added, so there is no free page; a wrong count would damage the next write.
absl::Status CheckNoFreePages(SqliteFile& file) {
  ASSIGN_OR_RETURN(const std::string free_pages, file.Query("PRAGMA freelist_count"));
  if (free_pages == "0") return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("file has ", free_pages, " free pages, expected 0"));
}

struct Head {
  std::uint64_t count = 0;
  Digest root{};
};

absl::StatusOr<Head> ReadHead(SqliteFile& file) {
  ASSIGN_OR_RETURN(SqliteStatement select, file.Prepare("SELECT id, count, root FROM head"));
  ASSIGN_OR_RETURN(const bool found, select.Step());
  Head head;
  std::uint64_t id = 0;
  ByteView root;
  if (!found || !select.Uint(0, id) || id != 0 || !select.Uint(1, head.count) ||
      !select.Blob(2, root) || !CopyExactly(root, head.root)) {
    return absl::DataLossError("head row is missing or malformed");
  }
  ASSIGN_OR_RETURN(const bool more, select.Step());
  if (more) return absl::DataLossError("there is more than one head row");
  return head;
}

}  // namespace

absl::StatusOr<std::optional<LogRow>> LogRows::Next() {
  const std::uint64_t index = next_;
  const absl::StatusOr<bool> more = select_.Step();
  if (!more.ok()) return BreaksAt(index, more.status());
  if (!*more) return std::nullopt;
  std::uint64_t seq = 0;
  if (!select_.Uint(0, seq) || seq != index) {
    return Broken(index, absl::StrCat("is missing; the next one is ", seq));
  }
  LogRow row{index, {}, {}};
  if (!select_.Blob(1, row.leaf) || !select_.Blob(2, row.bytes)) {
    return Broken(index, "is malformed");
  }
  ++next_;
  return row;
}

absl::StatusOr<Digest> ParseRow(const LogRow& row, v1::Record& record) {
  const Digest hash = MerkleLog::LeafHash(row.bytes);
  const bool parsed = record.ParseFromArray(row.bytes.data(), static_cast<int>(row.bytes.size()));
  if (row.leaf != ByteView(hash)) {
    return Broken(row.index,
                  absl::StrCat("has leaf hash ", ToHex(hash), ", stored ", ToHex(row.leaf),
                               parsed ? "; it says to be " + SubjectOf(record) : ""));
  }
  if (!parsed) {
    return Broken(row.index, "is no protobuf message of kaisar.v1.Record");
  }
  return hash;
}

absl::Status LogOrder::Add(const Digest& leaf, const v1::Record& record) {
  const std::uint64_t index = tree_.size();
  if (closed_) return Broken(index, "follows the record that closes the epoch");
  const bool opens = record.body_case() == v1::Record::kEpochOpened;
  if (record.body_case() == v1::Record::BODY_NOT_SET) return Broken(index, "is of no known kind");
  if (opens != (index == 0)) {
    return Broken(index, opens ? "opens the epoch again" : "does not open the epoch");
  }
  if (index >= count_) {
    return Broken(index, absl::StrCat("is one too many; the head counts ", count_));
  }
  tree_.AppendLeaf(leaf);
  closed_ = record.body_case() == v1::Record::kEpochClosed;
  return absl::OkStatus();
}

absl::StatusOr<LogSummary> LogOrder::Finish() const {
  LogSummary summary{tree_.size(), tree_.Root(), closed_};
  if (summary.records != count_) {
    return Broken(summary.records, absl::StrCat("is missing; the head counts ", count_));
  }
  if (summary.root != root_) {
    return Broken(summary.records, absl::StrCat("root over all before is ", ToHex(summary.root),
                                                ", the head has ", ToHex(root_)));
  }
  return summary;
}

absl::StatusOr<LogSummary> WithRows(
    SqliteFile& file, MerkleLog& tree,
    const std::function<absl::StatusOr<LogSummary>(LogRows&, LogOrder&)>& read) {
  // Without this, SQLite refuses a file cut short as a whole, and nobody learns where it breaks.
  RETURN_IF_ERROR(file.Execute("PRAGMA writable_schema=ON"));
  if (absl::Status status = file.Execute("BEGIN"); !status.ok()) return BreaksAt(0, status);
  absl::StatusOr<LogSummary> summary = [&]() -> absl::StatusOr<LogSummary> {
    if (absl::Status status = CheckIsLog(file); !status.ok()) return BreaksAt(0, status);
    const absl::StatusOr<Head> head = ReadHead(file);
    if (!head.ok()) return BreaksAt(0, head.status());
    auto select = file.Prepare("SELECT seq, leaf, bytes FROM records ORDER BY seq");
    if (!select.ok()) return BreaksAt(0, select.status());
    LogOrder order(head->count, head->root, tree);
    LogRows rows(*std::move(select));
    absl::StatusOr<LogSummary> all = read(rows, order);
    if (!all.ok()) return all;
    if (absl::Status status = CheckNoFreePages(file); !status.ok()) {
      return BreaksAt(all->records, status);
    }
    return all;
  }();
  const absl::Status ended = file.Execute("COMMIT");
  const absl::Status strict_again = file.Execute("PRAGMA writable_schema=OFF");
  if (summary.ok()) {
    RETURN_IF_ERROR(ended);
    RETURN_IF_ERROR(strict_again);
  }
  return summary;
}

}  // namespace kaisar::audit
