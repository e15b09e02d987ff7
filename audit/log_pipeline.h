#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "audit/crew.h"
#include "audit/log_reader.h"
#include "audit/log_verifier.h"

namespace kaisar::audit {

/// Reads a log as ReadLog does and takes every record through the verifier's three hands. The crew
/// shares the hashing, the parsing and the checks of single records; what depends on the order of
/// records is done by the caller's thread in that order, so that nothing that comes out depends on
/// the number of threads.
///
/// Result: `progress`, which may be null, is told how many records were taken, and how many the log
///         says to have.
/// Errors: as ReadLog. The records before the one that breaks have been taken.
/// Cost:   at most 32 MiB of records are under way, or one; parsed, they take some three times as
///         much.
absl::StatusOr<LogSummary> VerifyLog(
    const std::string& path, LogVerifier& verifier, Crew& crew,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

}  // namespace kaisar::audit
