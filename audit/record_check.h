#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "audit/keyed_epoch.h"
#include "audit/logged_challenges.h"
#include "challenges/judge.h"
#include "challenges/plan.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// What a log has of a challenge before its closing record.
struct OpenChallenge {
  std::uint64_t index = 0;                       // of the record that issues it
  std::shared_ptr<const v1::Record> issued;      // null: none
  std::shared_ptr<const v1::Record> commitment;  // null: none
  std::uint64_t commitment_index = 0;
};

/// One record on its way through the LogVerifier.
struct RecordCheck {
  std::uint64_t index = 0;
  std::shared_ptr<const v1::Record> record;
  std::size_t size_bytes = 0;  // of the record as it stands in the log
  /// What does not hold, in the order of being found.
  std::vector<std::string> differences;

  /// Issues or closes a challenge that the plan has; the rest is for such records alone.
  bool in_plan = false;
  challenges::PlannedChallenge planned;
  Digest id{};
  OpenChallenge open;            // of a closing record: what came before
  challenges::Judgement judged;  // of a closing record, once it is checked

  /// "record 17: device 5, latency challenge 3 (0123456789abcdef…)"; in the record's own words when
  /// it is of no known challenge.
  std::string Name() const;
  challenges::Evidence evidence() const;
  /// Of a closing record that the plan has; `closed` says what the judgement should be. Refers to
  /// all three.
  LoggedChallenge AsLogged(const v1::Roster& roster, const v1::ChallengeClosed& closed) const;
};

/// Checks what one record says against the epoch, its signatures and its proof, whatever the other
/// records are. Finds differences and the right judgement.
///
/// Threads: any, each with a check of its own.
/// Cost:    a signature check for an issued challenge; that of challenges::Judge for a closed one.
void CheckRecord(const KeyedEpoch& epoch, RecordCheck& check);

}  // namespace kaisar::audit
