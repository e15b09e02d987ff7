#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/log_reader.h"
#include "audit/merkle_log.h"
#include "base/bytes.h"
#include "base/sqlite_file.h"

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

using RecordVisitor =
    std::function<absl::Status(std::uint64_t index, ByteView bytes, const v1::Record&)>;

/// ReadLog's checks over an open file; grows `tree`, which must be empty, by every record.
absl::StatusOr<LogSummary> ReadRecords(SqliteFile& file, MerkleLog& tree,
                                       const RecordVisitor& each);

}  // namespace kaisar::audit
