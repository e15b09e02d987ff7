#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "chain/deployment.h"
#include "reporter/submitter.h"

namespace kaisar::reporter {

/// What the chain and this node know of one epoch of the slot.
struct EpochFacts {
  std::uint64_t now_s = 0;       // timestamp of the newest block
  std::uint64_t deep_now_s = 0;  // of the newest block that is deep enough to stay
  Digest on_chain{};             // Reports.reportOf at the newest block
  Digest deep_on_chain{};        // at the deep one
  Digest commitment{};           // of our report
  Digest root{};                 // of our report, with its flag
  bool held = false;             // another epoch's commitment was not ours
  bool all_settled = false;      // as of the deep block
};

/// What should be sent for an epoch.
enum class Action { kNone, kCommit, kReveal, kSettle };

struct NextStep {
  Stage stage = Stage::kWaiting;
  Action action = Action::kNone;
  std::uint64_t look_at_s = 0;  // chain time before which nothing changes; 0: any block may
  std::string why;              // when missed or held
};

/// Decides by chain state alone, so that a restart, an outage or a reorganisation leads to the same
/// step as an undisturbed run.
///
/// Source: docs/settlement.md, Windows and Reports.
NextStep DecideStep(const chain::Schedule& schedule, std::uint32_t epoch, const EpochFacts& facts);

/// Whether a stored report is what `commitment` leaves: the lowest bit is the flag.
bool IsCommitmentOf(const Digest& on_chain, const Digest& commitment);
/// Whether it is a root.
bool IsRoot(const Digest& on_chain);

/// "waiting", "committing", …
std::string NameOf(Stage stage);
/// Whether nothing is left to do in this stage.
bool IsLast(Stage stage);

}  // namespace kaisar::reporter
