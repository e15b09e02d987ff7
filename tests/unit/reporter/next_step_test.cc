#include "reporter/next_step.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kaisar::reporter {
namespace {

// Epoch 0 is [1000, 1600); commit until 1650, reveal until 1700, settle until 5600.
constexpr chain::Schedule kSchedule{1000, 600, 50, 50, 4000, 1000, 2000};

Digest Word(std::uint8_t filling) {
  Digest word;
  word.fill(filling);
  return word;
}

const Digest kNone{};
const Digest kOurs = Word(0x11);  // as committed to; the flag is cleared on the chain
const Digest kOursOnChain = [] {
  Digest word = kOurs;
  word.back() = 0x10;
  return word;
}();
const Digest kRoot = Word(0x21);
const Digest kForeign = Word(0x42);
const Digest kForeignRoot = Word(0x43);

struct Case {
  std::string name;
  std::uint64_t now_s;
  std::uint64_t deep_now_s;
  Digest on_chain;
  Digest deep_on_chain;
  bool held;
  bool all_settled;
  Stage stage;
  Action action;
};

TEST(NextStep, FollowsFromChainStateAndTime) {
  const std::vector<Case> cases = {
      {"epoch runs", 1599, 1590, kNone, kNone, false, false, Stage::kWaiting, Action::kNone},
      {"commit window opens", 1600, 1590, kNone, kNone, false, false, Stage::kCommitting,
       Action::kCommit},
      {"commit window's last second", 1649, 1640, kNone, kNone, false, false, Stage::kCommitting,
       Action::kCommit},
      {"key used elsewhere", 1600, 1590, kNone, kNone, true, false, Stage::kHeld, Action::kNone},
      {"window over, a reorganisation may bring it back", 1650, 1640, kNone, kNone, false, false,
       Stage::kCommitting, Action::kNone},
      {"commit missed", 1660, 1650, kNone, kNone, false, false, Stage::kMissed, Action::kNone},
      {"committed", 1620, 1610, kOursOnChain, kNone, false, false, Stage::kCommitted,
       Action::kNone},
      {"committed, held since", 1620, 1610, kOursOnChain, kNone, true, false, Stage::kCommitted,
       Action::kNone},
      {"another commitment", 1620, 1610, kForeign, kNone, false, false, Stage::kHeld,
       Action::kNone},
      {"another report", 1680, 1670, kForeignRoot, kNone, false, false, Stage::kHeld,
       Action::kNone},
      {"reveal window opens", 1650, 1640, kOursOnChain, kNone, false, false, Stage::kRevealing,
       Action::kReveal},
      {"reveals though held", 1650, 1640, kOursOnChain, kNone, true, false, Stage::kRevealing,
       Action::kReveal},
      {"reveal window over", 1700, 1690, kOursOnChain, kNone, false, false, Stage::kRevealing,
       Action::kNone},
      {"reveal missed", 1710, 1700, kOursOnChain, kNone, false, false, Stage::kMissed,
       Action::kNone},
      {"revealed", 1680, 1670, kRoot, kNone, false, false, Stage::kRevealed, Action::kNone},
      {"revealed, not deep", 1700, 1690, kRoot, kOursOnChain, false, false, Stage::kRevealed,
       Action::kNone},
      {"settles", 1701, 1691, kRoot, kRoot, false, false, Stage::kSettling, Action::kSettle},
      {"all settled", 1800, 1790, kRoot, kRoot, false, true, Stage::kDone, Action::kNone},
      {"settling over", 5600, 5590, kRoot, kRoot, false, false, Stage::kDone, Action::kNone},
  };
  for (const Case& one : cases) {
    EpochFacts facts;
    facts.now_s = one.now_s;
    facts.deep_now_s = one.deep_now_s;
    facts.on_chain = one.on_chain;
    facts.deep_on_chain = one.deep_on_chain;
    facts.commitment = kOurs;
    facts.root = kRoot;
    facts.held = one.held;
    facts.all_settled = one.all_settled;
    const NextStep step = DecideStep(kSchedule, 0, facts);
    EXPECT_EQ(NameOf(step.stage), NameOf(one.stage)) << one.name;
    EXPECT_EQ(static_cast<int>(step.action), static_cast<int>(one.action)) << one.name;
    EXPECT_EQ(step.why.empty(), step.stage != Stage::kMissed && step.stage != Stage::kHeld)
        << one.name << ": " << step.why;
  }
}

TEST(NextStep, TellsUntilWhenNothingChanges) {
  EpochFacts facts;
  facts.commitment = kOurs;
  facts.root = kRoot;
  facts.now_s = 1200;
  EXPECT_EQ(DecideStep(kSchedule, 0, facts).look_at_s, 1600u);
  facts.now_s = 1610;
  facts.on_chain = kOursOnChain;
  EXPECT_EQ(DecideStep(kSchedule, 0, facts).look_at_s, 1650u);
  facts.now_s = 1660;
  facts.on_chain = kRoot;
  EXPECT_EQ(DecideStep(kSchedule, 0, facts).look_at_s, 1700u);
}

}  // namespace
}  // namespace kaisar::reporter
