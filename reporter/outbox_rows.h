#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/sqlite_file.h"
#include "reporter/outbox.h"

namespace kaisar::reporter {

/// The columns that ReadAll wants, for a WHERE or ORDER behind it.
inline constexpr char kEntryColumns[] =
    "SELECT id, nonce, purpose, epoch, target, input, gas_limit, window_end, made, state, included,"
    " block, block_hash, success, gas_used, gas_price, error FROM transactions ";

/// Makes the tables of a new outbox, or checks that the file has them.
///
/// Errors: InvalidArgument when it is no outbox; FailedPrecondition for another layout.
absl::Status PrepareTables(SqliteFile& file);

/// DataLoss: a row that this program cannot have written.
absl::Status DamagedRow();

/// Reads what a statement of kEntryColumns selects, with the attempts.
absl::StatusOr<std::vector<OutboxEntry>> ReadAll(SqliteFile& file, SqliteStatement& select);

/// Stores the attempt that has this number, from 1 on.
absl::Status InsertAttempt(SqliteFile& file, std::uint64_t id, std::uint64_t number,
                           const Attempt& attempt);

}  // namespace kaisar::reporter
