#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

struct LogSummary {
  std::uint64_t records = 0;
  Digest root{};
  bool closed = false;  // its last record closes the epoch
};

/// Reads a log from the first record to the last, checking on the way that it is whole: indices
/// without a gap, each record's stored leaf hash, the stored number of records and root, that every
/// record parses, that it begins with EpochOpened and that nothing follows EpochClosed. Never
/// writes.
///
/// Result: an empty log has no records and is not closed.
/// Errors: NotFound or PermissionDenied for the file; InvalidArgument when it is no challenge log;
///         DataLoss naming the first record that breaks (`record 17: …`); the code of whatever
///         `each` returns that is not ok. All begin with the path.
/// Cost:   memory does not grow with the log.
absl::StatusOr<LogSummary> ReadLog(
    const std::string& path,
    const std::function<absl::Status(std::uint64_t index, ByteView bytes, const v1::Record&)>&
        each);

}  // namespace kaisar::audit
