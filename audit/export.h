#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "audit/flat_file.h"

namespace kaisar::audit {

struct ExportedFile {
  std::string path;
  std::uint64_t rows = 0;
};

/// Writes what a log says of its challenges, devices and scores into flat files of a folder, which
/// is made when it is missing: challenges, latency_pings, matmul, bandwidth_tests, devices, scores.
/// It believes the recorded verdicts; Verify does not.
///
/// Result: the files, in this order. docs/auditing.md has their columns.
/// Errors: those of ReadChallenges; those of FlatFile; files that were made are left.
/// Cost:   one pass over the log; memory does not grow with it, but for what a score needs: 12
///         bytes per challenge, 24 of bandwidth.
absl::StatusOr<std::vector<ExportedFile>> ExportLog(const std::string& log_path,
                                                    const std::string& folder, FlatFormat format);

}  // namespace kaisar::audit
