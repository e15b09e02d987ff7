#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/epoch_facts.h"
#include "audit/epoch_settlement.h"
#include "audit/report_tree.h"

namespace kaisar::audit {

// What settling an epoch rests on, checked before any payment is.

using SettlementDifferences = std::vector<SettlementDifference>;

/// Whether the beacon is the hash of the first block of the epoch, or that of a late opening that
/// was asked for as the rules say.
///
/// Result: true for a late opening.
bool CheckOpening(const EpochFacts& facts, SettlementDifferences& differences);

/// Whether each event lies in its window, by the first and the last block of each kind.
void CheckWindows(const EpochFacts& facts, SettlementDifferences& differences);

/// A slot's report as its words give it.
struct HeardReport {
  ReportStage stage = ReportStage::kNone;
  std::optional<ReportTree> tree;  // null unless revealed
  Digest commit_transaction{};     // zero unless committed
  Digest reveal_transaction{};     // zero unless revealed
};

/// The reports by slot id: roots and commitments are computed from the words of the events, and
/// compared with what was committed and what is stored.
std::vector<HeardReport> CheckReports(const EpochFacts& facts, SettlementDifferences& differences);

}  // namespace kaisar::audit
