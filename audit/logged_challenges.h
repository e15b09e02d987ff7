#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/log_reader.h"
#include "challenges/policy.h"
#include "kaisar/v1/log.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::audit {

/// What a log's first record fixes.
struct OpenedEpoch {
  v1::EpochOpened opened;
  challenges::Policy policy;
};

/// A challenge as a log tells of it, when it is closed.
struct LoggedChallenge {
  const v1::ChallengeClosed& closed;
  const v1::Device& device;
  std::uint64_t record = 0;                        // that closes it
  std::optional<std::uint64_t> issued_record;      // null when it was not issued
  std::optional<std::uint64_t> commitment_record;  // null when none came
  /// Without its roots and its signature; null when none came.
  const v1::CommitmentReceived* commitment = nullptr;
};

struct ChallengeVisitor {
  /// Once, before all challenges; may be empty.
  std::function<absl::Status(const OpenedEpoch&)> opened;
  std::function<absl::Status(const OpenedEpoch&, const LoggedChallenge&)> closed;
};

/// Reads a log's challenges in the order in which they were closed. It believes what is recorded;
/// Verify does not.
///
/// Errors: those of ReadLog; with the path, those of ParsePolicy and ValidateRoster; DataLoss
/// naming
///         the record when a challenge is of a device that is not in the roster; the code of
///         whatever a callback returns that is not ok.
/// Cost:   memory for what is open (issued or committed to, and not closed).
absl::StatusOr<LogSummary> ReadChallenges(const std::string& log_path,
                                          const ChallengeVisitor& visitor);

/// NotFound that names the file when the roster lacks the device.
absl::Status CheckIsInRoster(const std::string& log_path, const OpenedEpoch& epoch,
                             std::uint32_t device);

}  // namespace kaisar::audit
