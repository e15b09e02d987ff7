#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/log_reader.h"
#include "audit/logged_challenges.h"
#include "audit/score.h"

namespace kaisar::audit {

/// A conclusive challenge, and what it adds to the median of its kind; of a failed one 0.
struct CountedChallenge {
  std::uint32_t share_ppm = 0;
  std::uint64_t record = 0;  // that closes it
};

/// What one checker's log says of one device's challenges of one kind.
struct KindAccount {
  std::uint32_t passed = 0;
  std::map<v1::Reason, std::uint32_t> failed;
  std::map<v1::Reason, std::uint32_t> inconclusive;
  std::vector<CountedChallenge> counted;
  std::vector<std::uint64_t> inconclusive_records;
  std::uint32_t failures() const { return static_cast<std::uint32_t>(counted.size()) - passed; }
};

/// A matmul challenge with a commitment, as the checker's clocks measured it.
struct TimedProof {
  std::uint64_t started_ms = 0;  // Unix time: when the challenge followed its pings
  std::uint64_t taken_ms = 0;    // from there to the commitment
  std::uint64_t ops_per_second = 0;
  std::uint64_t record = 0;
  bool muster = false;
};

struct SmallestRtt {
  std::uint32_t us = 0;
  std::uint64_t record = 0;
};

/// What one checker's log says of one device.
struct DeviceAccount {
  DeviceScore score;
  std::map<v1::Kind, KindAccount> kinds;
  std::optional<SmallestRtt> smallest_rtt;  // of latency challenges that passed
  std::vector<TimedProof> proofs;           // that passed, or were late and nothing worse
};

/// One checker's log of an epoch.
struct CheckerLog {
  std::string path;
  OpenedEpoch epoch;
  LogSummary summary;
  std::map<std::uint32_t, DeviceAccount> devices;  // by id: all of its roster
  std::uint32_t slot() const { return epoch.opened.slot(); }
};

/// Reads what a comparison needs of a log. It believes the recorded verdicts; Verify does not.
///
/// Errors: those of ReadChallenges; FailedPrecondition when the epoch is not closed.
/// Cost:   16 bytes for a challenge, 40 more for one of matmul.
absl::StatusOr<CheckerLog> ReadCheckerLog(const std::string& path);

/// Checks that logs are of one epoch, one deployment, one policy and rosters that agree in every
/// device and slot that two of them have, and that no slot is there twice.
///
/// Errors: FailedPrecondition with both paths and both values.
absl::Status CheckSameEpoch(const std::vector<CheckerLog>& logs);

}  // namespace kaisar::audit
