#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "audit/logged_challenges.h"
#include "audit/score.h"
#include "audit/shares.h"
#include "base/bytes.h"
#include "challenges/policy.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::audit {

/// What a device's score is made of.
struct DeviceExplanation {
  v1::Device device;
  challenges::Policy policy;
  DeviceScore score;
  std::map<v1::Kind, std::uint32_t> conclusive;  // challenges passed or failed
  std::uint32_t answered = 0;                    // latency challenges passed
  std::uint32_t epoch = 0;
  std::uint32_t slot = 0;
  Digest root{};  // of the log
};

/// Reads what a log says of one device. It believes the recorded verdicts; Verify does not.
///
/// Errors: those of ReadChallenges; NotFound when the device is not in the roster;
///         FailedPrecondition when the log has no record.
absl::StatusOr<DeviceExplanation> ExplainDevice(const std::string& log_path, std::uint32_t device);

/// One of the things that a score is made of.
struct ScorePart {
  std::string name;
  std::string formula;  // of docs/protocol.md, Score, with its numbers
  std::uint32_t ppm = 0;
};

/// The score's shares, each with its inputs, and the quality that follows from them.
std::vector<ScorePart> PartsOf(const DeviceExplanation& explained);

/// "floor(200 · floor(…)) = 71", and why there is another score or none.
std::string ScoreFormula(const DeviceExplanation& explained);

/// Both, a line each.
std::string ShareLines(const DeviceExplanation& explained);

/// One sentence in plain words: why the score is what it is, and what would have to be different
/// for more.
std::string ScoreSentence(const DeviceExplanation& explained);

}  // namespace kaisar::audit
