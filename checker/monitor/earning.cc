#include "checker/monitor/earning.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace kaisar::checker {
namespace {

std::string Things(std::size_t count) {
  return count == 1 ? "one thing needs you" : absl::StrCat(count, " things need you");
}

/// The newest report that was to come and of which the chain has decided; null: none.
const RecentReport* LastDecided(const SlotStatus& slot) {
  for (const RecentReport& report : slot.recent) {
    if (report.opened && report.state != ReportState::kNone &&
        report.state != ReportState::kCommitted) {
      return &report;
    }
  }
  return nullptr;
}

Earning TellNotReady(const RunFacts& facts, const Readiness& readiness) {
  const auto count = [&](auto wanted) {
    return std::count_if(readiness.problems.begin(), readiness.problems.end(), wanted);
  };
  const auto keeping = count([](const Problem& problem) { return KeepsFromEarning(problem.code); });
  const auto waiting =
      count([](const Problem& problem) { return problem.code == "not_on_duty_yet"; });
  if (facts.slot && facts.slot->has_left()) {
    return {"no", "Earning: no, the slot has left",
            "It has no duty any more. What its last reports earned is still settled, and owed to "
            "it."};
  }
  const bool unread = facts.on_chain && !facts.chain_read_ns && facts.chain_trouble.empty();
  if (unread && keeping == 1) {
    return {"unknown", "Earning: not known yet", "The chain is being read for the first time."};
  }
  if (keeping == waiting) {
    return {"waiting", "Earning: not yet",
            "The slot’s first duty is to come; it begins by itself."};
  }
  return {"no", "Earning: no",
          keeping == 1 ? "This keeps the slot from earning:"
                       : absl::StrCat(keeping, " things keep the slot from earning:")};
}

}  // namespace

Earning TellEarning(const RunFacts& facts, const Readiness& readiness) {
  if (!readiness.ready) return TellNotReady(facts, readiness);
  if (!facts.on_chain) {
    return {"unpaid", "Earning: no, there is no chain",
            readiness.problems.empty()
                ? "All is well: this checker works on a roster file. It measures and reports, and "
                  "nobody pays for it."
                : "This checker works on a roster file: it measures and reports, and nobody pays "
                  "for it. Something needs you:"};
  }
  const RecentReport* last = facts.slot ? LastDecided(*facts.slot) : nullptr;
  if (last != nullptr && last->state != ReportState::kRevealed) {
    return {"no", absl::StrCat("Earning: no, the report of epoch ", last->epoch, " was missed"),
            "Nothing keeps the next one from being accepted. What to do:"};
  }
  const std::string proof =
      last == nullptr ? "The slot has its duty; its first report is still to come."
                      : absl::StrCat("The chain accepted the report of epoch ", last->epoch, ".");
  if (readiness.problems.empty()) return {"yes", "Earning: yes", proof};
  return {"attention", absl::StrCat("Earning: yes, but ", Things(readiness.problems.size())),
          proof};
}

}  // namespace kaisar::checker
