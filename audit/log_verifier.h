#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "audit/descriptions.h"
#include "audit/differences.h"
#include "audit/plan_index.h"
#include "audit/presence.h"
#include "audit/report.h"
#include "audit/score.h"
#include "base/bytes.h"
#include "challenges/judge.h"
#include "challenges/plan.h"
#include "challenges/policy.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// Checks the records of one log, one after the other, against what the report's secret and the
/// first record make of the epoch. Everything that does not hold becomes one difference.
///
/// Threads: one at a time.
/// Cost:    what is open (issued, not closed), 18 bytes per planned and 24 per sent challenge, and
///          5 kB at most per device for what it says of itself.
class LogVerifier {
 public:
  struct Counts {
    std::uint64_t challenges = 0;
    std::uint64_t signatures = 0;
    std::uint64_t samples = 0;
  };

  /// `report` and `differences` must outlive the verifier.
  LogVerifier(const Report& report, Differences& differences);

  /// Takes the records in the order of the log.
  void Add(std::uint64_t index, const v1::Record& record);

  /// Says that the log is over: what is missing becomes differences.
  void Finish(bool closed);

  /// False when the first record or the secret is so wrong that nothing else can be recomputed.
  bool usable() const { return epoch_ != nullptr; }
  const Counts& counts() const { return counts_; }
  std::vector<DeviceScore> Scores() const;
  /// The slot's key by the log's roster; the log must be usable.
  Address SlotKey() const;
  /// The log must be usable.
  const v1::Roster& roster() const { return epoch_->opened.roster(); }
  const Descriptions& descriptions() const { return descriptions_; }

 private:
  /// What the first record fixes.
  struct Epoch {
    v1::EpochOpened opened;
    challenges::Policy policy;
    challenges::EpochScope scope;
    SigningDomain domain;
    Address slot_key{};
    std::optional<challenges::EpochKey> key;
    std::optional<PlanIndex> plan;
    std::optional<Scorer> scorer;
  };
  struct Open {
    std::uint64_t index = 0;
    v1::ChallengeIssued issued;
    std::optional<v1::CommitmentReceived> commitment;
  };

  // log_verifier.cc
  void AddOpened(std::uint64_t index, const v1::EpochOpened& opened);
  absl::Status MakeEpoch(const v1::EpochOpened& opened);
  void CompareWithReport(const v1::EpochOpened& opened);
  void AddDescribed(std::uint64_t index, const v1::DeviceDescribed& described);
  void AddEpochClosed(std::uint64_t index, const v1::EpochClosed& closed);
  // challenge_records.cc
  void AddIssued(std::uint64_t index, const v1::ChallengeIssued& issued);
  void AddCommitment(std::uint64_t index, const v1::CommitmentReceived& commitment);
  void AddClosed(std::uint64_t index, const v1::ChallengeClosed& closed);
  void CheckTimes(const std::string& who, const Open& open, const v1::ChallengeClosed& closed);
  void CheckTestTimes(const std::string& who, const v1::ChallengeClosed& closed);
  void CheckJudgement(const std::string& who, const Open& open, const v1::ChallengeClosed& closed);
  void NotePresence(const std::string& who, const Open& open, const v1::ChallengeClosed& closed);
  void CountEvidence(const Open& open, const v1::ChallengeClosed& closed);

  const Report& report_;
  Differences& differences_;
  std::unique_ptr<Epoch> epoch_;
  absl::flat_hash_map<Digest, Open> open_;
  Presence presence_;
  Counts counts_;
  Descriptions descriptions_;
};

}  // namespace kaisar::audit
