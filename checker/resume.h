#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "challenges/plan.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::checker {

/// What an earlier run wrote about a challenge that it did not close.
struct IssuedBefore {
  v1::ChallengeIssued issued;
  std::optional<v1::CommitmentReceived> commitment;
};

/// Where to go on in an epoch's plan.
struct ResumePoint {
  std::vector<bool> closed;                      // per challenge of the plan; empty: none
  std::map<std::uint32_t, IssuedBefore> issued;  // by index in the plan
  std::set<std::uint32_t> described;             // devices that have a description, or why not
  /// Due before this (ms after the beacon) and not closed: the checker was down.
  std::uint64_t live_from_ms = 0;
};

/// What a log file of an unfinished or finished epoch says.
struct LogContents {
  v1::EpochOpened opened;
  bool complete = false;  // its last record closes the epoch
};

/// Reads the first record and whether the last one is there.
///
/// Errors: those of ReadLog; NotFound when the log has no record at all.
absl::StatusOr<LogContents> ReadContents(const std::string& path);

/// Errors: FailedPrecondition when the epoch was opened with another hash chain than `secret` is
/// of:
///         what was asked cannot be told from it, and the chain takes no report with it.
absl::Status CheckSameHashChain(const v1::EpochOpened& opened, const Digest& secret);

/// Finds in a log which challenges of its plan are closed, which were issued only, and which
/// devices are described.
///
/// Errors: those of ReadLog; DataLoss when a record is not of this plan.
/// Cost:   one bit per challenge of the plan, and what is issued and not closed.
absl::StatusOr<ResumePoint> FindResumePoint(const std::string& path,
                                            const std::vector<challenges::PlannedChallenge>& plan,
                                            std::uint64_t live_from_ms);

}  // namespace kaisar::checker
