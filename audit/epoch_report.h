#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "audit/report.h"
#include "audit/score.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::audit {

/// What a closed log comes to.
struct EpochReport {
  Report report;  // unsigned
  std::vector<DeviceScore> scores;
  v1::Roster roster;
  Digest beacon{};
  std::uint64_t records = 0;
};

/// Makes the report of an epoch from its log: a pure function of the file. It believes the recorded
/// verdicts, which are the slot's own; Verify does not.
///
/// Errors: those of ReadLog; those of ParsePolicy; FailedPrecondition when the epoch is not closed.
absl::StatusOr<EpochReport> MakeReport(const std::string& log_path);

}  // namespace kaisar::audit
