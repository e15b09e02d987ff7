#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "audit/descriptions.h"
#include "audit/differences.h"
#include "audit/keyed_epoch.h"
#include "audit/logged_challenges.h"
#include "audit/plan_index.h"
#include "audit/presence.h"
#include "audit/proof_choice.h"
#include "audit/record_check.h"
#include "audit/report.h"
#include "audit/score.h"
#include "audit/wall_clock.h"
#include "base/bytes.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// Checks the records of one log against what the report's secret and the first record make of the
/// epoch. Everything that does not hold becomes one difference, in the order of the records.
///
/// A record goes through three hands: Place and Take, which see all records in the order of the
/// log, and between them Check, which looks at one record alone and does what takes long.
///
/// Threads: one at a time; Check from any thread, also while another one places and takes.
/// Cost:    what is open (issued, not closed), two bits per planned challenge, what Presence and
///          Scorer keep, and 5 kB at most per device for what it says of itself.
class LogVerifier {
 public:
  struct Counts {
    std::uint64_t records = 0;
    std::uint64_t challenges = 0;
    std::uint64_t signatures = 0;
    std::uint64_t samples = 0;
  };

  struct Options {
    ProofChoice* choice = nullptr;  // proofs are offered to it; null: to nobody
    /// VerifyOptions::each.
    std::function<void(const challenges::Policy&, const LoggedChallenge&)> each;
    /// Whose single calls are kept (Presence); null: of all.
    std::optional<Presence::Seconds> kept_calls;
  };

  /// `report`, `differences` and what `options` names must outlive the verifier.
  LogVerifier(const Report& report, Differences& differences, Options options);
  LogVerifier(const Report& report, Differences& differences)
      : LogVerifier(report, differences, Options()) {}

  /// Finds what the record is about.
  RecordCheck Place(std::uint64_t index, std::size_t size_bytes,
                    std::shared_ptr<const v1::Record> record);
  void Check(RecordCheck& check) const;
  void Take(RecordCheck check);
  /// All three.
  void Add(std::uint64_t index, const v1::Record& record);

  /// Says that the log is over: what is missing becomes differences.
  void Finish(bool closed);

  /// False when the first record or the secret is so wrong that nothing else can be recomputed.
  bool usable() const { return epoch_ != nullptr; }
  const Counts& counts() const { return counts_; }
  std::vector<DeviceScore> Scores() const;
  /// The log must be usable.
  const KeyedEpoch& epoch() const { return *epoch_; }
  /// Seconds whose single calls must be kept for all contradictions to be found (Presence).
  Presence::Seconds Unsettled() const { return presence_.Unsettled(); }
  const Descriptions& descriptions() const { return descriptions_; }

 private:
  // The records, each by its kind.
  void PlaceOpened(RecordCheck& check);
  absl::Status MakeEpoch(const v1::EpochOpened& opened);
  void CompareWithReport(const v1::EpochOpened& opened, RecordCheck& check) const;
  void PlaceIssued(RecordCheck& check);
  void PlaceCommitment(RecordCheck& check);
  void PlaceClosed(RecordCheck& check);
  void PlaceDescribed(RecordCheck& check);
  void PlaceEpochClosed(RecordCheck& check) const;
  /// The plan's challenge; absent, with a difference, when there is none.
  std::optional<std::size_t> FindInPlan(std::uint32_t device, v1::Kind kind, std::uint32_t sequence,
                                        absl::string_view was, RecordCheck& check) const;

  void TakeClosed(const RecordCheck& check);
  void CountEvidence(const RecordCheck& check, const v1::ChallengeClosed& closed);
  void NotePresence(const RecordCheck& check, const v1::ChallengeClosed& closed);

  const Report& report_;
  Differences& differences_;
  const Options options_;
  std::unique_ptr<KeyedEpoch> epoch_;
  std::optional<PlanIndex> plan_;
  std::optional<WallClock> clock_;
  std::optional<Scorer> scorer_;
  absl::flat_hash_map<Digest, OpenChallenge> open_;
  Presence presence_;
  Counts counts_;
  Descriptions descriptions_;
  absl::flat_hash_map<std::uint32_t, std::uint64_t> described_at_;  // the record
};

}  // namespace kaisar::audit
