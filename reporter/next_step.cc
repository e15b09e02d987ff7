#include "reporter/next_step.h"

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/utc_time.h"

namespace kaisar::reporter {
namespace {

constexpr Digest kNothing{};

NextStep Wait(Stage stage, std::uint64_t look_at_s) {
  return {stage, Action::kNone, look_at_s, ""};
}

NextStep Do(Stage stage, Action action) {
  return {stage, action, 0, ""};
}

/// Nothing of this slot is on the chain.
NextStep WithoutCommitment(const chain::Schedule& schedule, std::uint32_t epoch,
                           const EpochFacts& facts) {
  if (facts.now_s < schedule.end(epoch)) return Wait(Stage::kWaiting, schedule.end(epoch));
  if (facts.now_s < schedule.reveal_begin(epoch)) {
    if (!facts.held) return Do(Stage::kCommitting, Action::kCommit);
    return {Stage::kHeld, Action::kNone, 0,
            "not committed, because the slot's key is used elsewhere, too"};
  }
  // Until then a reorganisation can still bring a commitment back.
  if (facts.deep_now_s < schedule.reveal_begin(epoch)) return Wait(Stage::kCommitting, 0);
  return {Stage::kMissed, Action::kNone, 0,
          absl::StrCat("the commit window ended at ", UtcTime(schedule.reveal_begin(epoch)),
                       " without a commitment of this slot")};
}

NextStep Committed(const chain::Schedule& schedule, std::uint32_t epoch, const EpochFacts& facts) {
  if (facts.now_s < schedule.reveal_begin(epoch)) {
    return Wait(Stage::kCommitted, schedule.reveal_begin(epoch));
  }
  if (facts.now_s < schedule.settle_begin(epoch)) return Do(Stage::kRevealing, Action::kReveal);
  if (facts.deep_now_s < schedule.settle_begin(epoch)) return Wait(Stage::kRevealing, 0);
  return {Stage::kMissed, Action::kNone, 0,
          absl::StrCat("the reveal window ended at ", UtcTime(schedule.settle_begin(epoch)),
                       " without this slot's report")};
}

NextStep Revealed(const chain::Schedule& schedule, std::uint32_t epoch, const EpochFacts& facts) {
  if (facts.now_s < schedule.settle_begin(epoch)) {
    return Wait(Stage::kRevealed, schedule.settle_begin(epoch));
  }
  // A report that a reorganisation can still take back is not done.
  if (facts.deep_on_chain != facts.root) return Wait(Stage::kRevealed, 0);
  if (facts.all_settled || facts.now_s >= schedule.settle_end(epoch)) return Wait(Stage::kDone, 0);
  return Do(Stage::kSettling, Action::kSettle);
}

}  // namespace

NextStep DecideStep(const chain::Schedule& schedule, std::uint32_t epoch, const EpochFacts& facts) {
  if (facts.on_chain == kNothing) return WithoutCommitment(schedule, epoch, facts);
  if (facts.on_chain == facts.root) return Revealed(schedule, epoch, facts);
  if (!IsRoot(facts.on_chain) && IsCommitmentOf(facts.on_chain, facts.commitment)) {
    return Committed(schedule, epoch, facts);
  }
  return {
      Stage::kHeld, Action::kNone, 0,
      absl::StrCat("the chain has ", IsRoot(facts.on_chain) ? "the report" : "the commitment",
                   " 0x", ToHex(facts.on_chain), " for this slot, which this node did not make")};
}

bool IsCommitmentOf(const Digest& on_chain, const Digest& commitment) {
  Digest stored = commitment;
  stored.back() &= 0xfe;
  return on_chain == stored;
}

bool IsRoot(const Digest& on_chain) {
  return (on_chain.back() & 1) != 0;
}

std::string NameOf(Stage stage) {
  switch (stage) {
    case Stage::kWaiting:
      return "waiting";
    case Stage::kCommitting:
      return "committing";
    case Stage::kCommitted:
      return "committed";
    case Stage::kRevealing:
      return "revealing";
    case Stage::kRevealed:
      return "revealed";
    case Stage::kSettling:
      return "settling";
    case Stage::kDone:
      return "done";
    case Stage::kMissed:
      return "missed";
    case Stage::kHeld:
      return "held";
  }
  return "unknown";
}

bool IsLast(Stage stage) {
  return stage == Stage::kDone || stage == Stage::kMissed || stage == Stage::kHeld;
}

}  // namespace kaisar::reporter
