#include "audit/settlement_inputs.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/report.h"
#include "base/hex.h"

namespace kaisar::audit {
namespace {

std::string SlotName(std::uint32_t slot) {
  return absl::StrCat("slot ", slot);
}

/// What the contract keeps of a commitment: the lowest bit is the flag.
Digest Kept(Digest commitment) {
  commitment.back() &= 0xfe;
  return commitment;
}

bool IsRoot(const Digest& stored) {
  return (stored.back() & 1) == 1;
}

/// The hash of a block that was fixed when nobody knew it, in the second half of the epoch.
bool WasAskedForLate(const EpochFacts& facts) {
  const chain::Schedule& schedule = facts.deployment.schedule;
  const std::uint64_t from = schedule.begin(facts.epoch) + schedule.epoch_seconds / 2;
  for (const chain::LateRequestedEvent& request : facts.late_requests) {
    const auto time = facts.block_times.find(request.block_number);
    const bool in_time = time == facts.block_times.end() || time->second >= from;
    if (request.beacon_block == facts.opening->block_number &&
        request.block_number + 1 == request.beacon_block && in_time) {
      return true;
    }
  }
  return false;
}

template <typename Event>
void CheckWindow(const EpochFacts& facts, const std::vector<Event>& events, std::string what,
                 std::uint64_t from, std::uint64_t until, SettlementDifferences& differences) {
  for (const Event& event : events) {
    const auto time = facts.block_times.find(event.block_number);
    if (time == facts.block_times.end() || (time->second >= from && time->second < until)) continue;
    differences.push_back({"epoch", absl::StrCat(what, " in block ", event.block_number),
                           absl::StrCat("at ", time->second),
                           absl::StrCat("in [", from, ", ", until, ")")});
    return;
  }
}

/// The tree of what a slot revealed; null when the chain should not have taken it.
std::optional<ReportTree> TreeOf(const chain::RevealedEvent& event, const Digest& committed,
                                 SettlementDifferences& differences) {
  Report report;
  report.words = event.words;
  report.transcript_root = event.transcript_root;
  report.policy_hash = event.policy_hash;
  report.secret = event.secret;
  if (const Digest shown = ReportCommitment(report); Kept(shown) != committed) {
    differences.push_back(
        {SlotName(event.slot), "commitment", ToPrefixedHex(committed), ToPrefixedHex(Kept(shown))});
  }
  absl::StatusOr<ReportTree> tree = ReportTree::Make(event.words);
  if (!tree.ok()) {
    differences.push_back({SlotName(event.slot), "report", "taken",
                           absl::StrCat("refused: ", tree.status().message())});
    return std::nullopt;
  }
  if (event.root != tree->root()) {
    differences.push_back(
        {SlotName(event.slot), "root", ToPrefixedHex(event.root), ToPrefixedHex(tree->root())});
  }
  return *std::move(tree);
}

}  // namespace

bool CheckOpening(const EpochFacts& facts, SettlementDifferences& differences) {
  if (!facts.opening.has_value()) {
    if (!facts.settled.empty()) {
      differences.push_back({"epoch", "settled devices", absl::StrCat(facts.settled.size()),
                             "0, the epoch is not opened"});
    }
    return false;
  }
  const chain::Opening& opening = *facts.opening;
  const std::string block = absl::StrCat("block ", opening.block_number);
  if (!facts.first_block.has_value() || facts.first_block->hash != opening.beacon) {
    differences.push_back(
        {"epoch", "beacon", ToPrefixedHex(opening.beacon),
         facts.first_block.has_value()
             ? absl::StrCat(ToPrefixedHex(facts.first_block->hash), ", hash of ", block)
             : absl::StrCat("there is no ", block)});
    return false;
  }
  const std::uint64_t begin = facts.deployment.schedule.begin(facts.epoch);
  const bool first = facts.first_block->timestamp_s >= begin && facts.parent_block.has_value() &&
                     facts.parent_block->hash == facts.first_block->parent &&
                     facts.parent_block->timestamp_s < begin;
  if (first) return false;
  if (!WasAskedForLate(facts)) {
    differences.push_back({"epoch", "beacon's block", block,
                           absl::StrCat("neither the first at or after ", begin,
                                        " nor one that a late opening was asked for")});
  }
  return true;
}

void CheckWindows(const EpochFacts& facts, SettlementDifferences& differences) {
  const chain::Schedule& schedule = facts.deployment.schedule;
  const std::uint32_t e = facts.epoch;
  CheckWindow(facts, facts.funded, "fees", 0, schedule.end(e), differences);
  CheckWindow(facts, facts.committed, "commitment", schedule.end(e), schedule.reveal_begin(e),
              differences);
  CheckWindow(facts, facts.revealed, "reveal", schedule.reveal_begin(e), schedule.settle_begin(e),
              differences);
  CheckWindow(facts, facts.settled, "settling", schedule.settle_begin(e), schedule.settle_end(e),
              differences);
}

std::vector<HeardReport> CheckReports(const EpochFacts& facts, SettlementDifferences& differences) {
  std::vector<HeardReport> reports(facts.slots);
  std::map<std::uint32_t, Digest> committed;
  for (const chain::CommittedEvent& event : facts.committed) {
    if (event.slot >= facts.slots ||
        !committed.emplace(event.slot, Kept(event.commitment)).second) {
      differences.push_back({SlotName(event.slot), "commitments",
                             event.slot < facts.slots ? "2" : "1",
                             event.slot < facts.slots ? "1" : "0, the epoch has no such slot"});
      continue;
    }
    reports[event.slot].stage = ReportStage::kCommitted;
    reports[event.slot].commit_transaction = event.transaction;
  }
  for (const chain::RevealedEvent& event : facts.revealed) {
    const bool may = event.slot < facts.slots && committed.count(event.slot) > 0 &&
                     reports[event.slot].stage != ReportStage::kRevealed;
    if (!may) {
      differences.push_back({SlotName(event.slot), "reveal", "taken",
                             "refused: nothing committed, or revealed before"});
      continue;
    }
    HeardReport& report = reports[event.slot];
    report.tree = TreeOf(event, committed[event.slot], differences);
    if (!report.tree.has_value()) continue;
    report.stage = ReportStage::kRevealed;
    report.reveal_transaction = event.transaction;
  }
  for (std::uint32_t slot = 0; slot < facts.slots; ++slot) {
    Digest expected{};
    if (const auto kept = committed.find(slot); kept != committed.end()) expected = kept->second;
    if (reports[slot].tree.has_value()) expected = reports[slot].tree->root();
    if (facts.reports[slot] != expected) {
      differences.push_back({SlotName(slot), IsRoot(facts.reports[slot]) ? "root" : "stored report",
                             ToPrefixedHex(facts.reports[slot]), ToPrefixedHex(expected)});
    }
  }
  return reports;
}

}  // namespace kaisar::audit
