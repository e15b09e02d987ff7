#pragma once

#include <cstdint>
#include <string>

#include "base/eip712.h"
#include "challenges/matmul/samples.h"
#include "challenges/plan.h"
#include "challenges/policy.h"
#include "challenges/randomness.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::challenges {

/// What a verdict is judged against: the epoch's fixed facts.
struct JudgeContext {
  const EpochKey& key;
  const v1::Roster& roster;
  const Policy& policy;
  std::uint32_t slot = 0;  // whose log this is
  std::uint64_t beacon_ms = 0;
};

/// Everything recorded about one challenge, the verdict aside.
struct Evidence {
  const v1::ChallengeIssued* issued = nullptr;         // null when it was never sent
  const v1::CommitmentReceived* commitment = nullptr;  // null for latency, or when none came
  const v1::ChallengeClosed* closed = nullptr;         // never null; its verdict is not read
};

struct Judgement {
  v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;
  v1::Reason reason = v1::NONE;
  std::string detail;  // for people, one line
  friend bool operator==(const Judgement& a, const Judgement& b) {
    return a.verdict == b.verdict && a.reason == b.reason;
  }
};

/// Judges one challenge: a pure function of the evidence, used by the checker to reach the verdict
/// and by the auditor to check it. The checker's own faults come first, then what the device sent,
/// then what it did not send. No record can crash it: one that contradicts itself is inconclusive.
///
/// Cost:   a few signature checks (65 µs each) and the check of the opening.
/// Source: docs/protocol.md, Verdicts; the rules in their order: docs/judging.md.
Judgement Judge(const JudgeContext& context, const Evidence& evidence);

/// 2·n³·R operations per the time that counts: elapsed less the smallest ping, but at most a tenth
/// of elapsed (rounded down) less. Operations per second, rounded down; 0 when elapsed is 0.
std::uint64_t MatmulRate(const MatmulShape& shape, const v1::CommitmentReceived& commitment);

}  // namespace kaisar::challenges
