#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "audit/descriptions.h"
#include "audit/score.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::audit {

struct VerifyResult {
  /// What does not hold, one line each, the first ones; empty when all holds.
  std::vector<std::string> differences;
  std::uint64_t difference_count = 0;
  std::uint64_t records = 0;
  std::uint64_t challenges = 0;
  std::uint64_t signatures_checked = 0;
  std::uint64_t samples_checked = 0;
  v1::Roster roster;  // the log's; empty when nothing could be recomputed, as are the scores
  std::vector<DeviceScore> scores;
  Descriptions descriptions;  // the devices' own words; nothing above depends on them
};

/// Recomputes root, plan, seeds, samples, every signature, every proof, every verdict, every score
/// and the report from the two files alone.
///
/// Errors: only when a file cannot be read at all; anything that does not hold is a difference.
absl::StatusOr<VerifyResult> Verify(const std::string& log_path, const std::string& report_path,
                                    const std::function<void(std::uint64_t done)>& progress);

}  // namespace kaisar::audit
