#include "audit/log_reader.h"

#include "absl/strings/str_cat.h"
#include "audit/log_file.h"
#include "audit/log_rows.h"
#include "base/status_macros.h"

namespace kaisar::audit {

absl::StatusOr<LogSummary> ReadRecords(SqliteFile& file, MerkleLog& tree,
                                       const RecordVisitor& each) {
  return WithRows(file, tree, [&](LogRows& rows, LogOrder& order) -> absl::StatusOr<LogSummary> {
    v1::Record record;
    while (true) {
      ASSIGN_OR_RETURN(const std::optional<LogRow> row, rows.Next());
      if (!row.has_value()) return order.Finish();
      ASSIGN_OR_RETURN(const Digest leaf, ParseRow(*row, record));
      RETURN_IF_ERROR(order.Add(leaf, record));
      RETURN_IF_ERROR(each(row->index, row->bytes, record));
    }
  });
}

absl::StatusOr<LogSummary> ReadLog(
    const std::string& path,
    const std::function<absl::Status(std::uint64_t index, ByteView bytes, const v1::Record&)>&
        each) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SqliteFile> file,
                   SqliteFile::Open(path, SqliteFile::Mode::kRead, kMaxRecordBytes));
  MerkleLog tree;
  absl::StatusOr<LogSummary> summary = ReadRecords(*file, tree, each);
  if (summary.ok()) return summary;
  return absl::Status(summary.status().code(),
                      absl::StrCat(path, ": ", summary.status().message()));
}

}  // namespace kaisar::audit
