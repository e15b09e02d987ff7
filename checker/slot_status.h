#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/uint256.h"
#include "chain/contracts.h"
#include "chain/deployment.h"
#include "checker/agreement_history.h"
#include "checker/last_report.h"
#include "monitor/problem.h"

namespace kaisar::checker {

/// What the chain holds of a slot's report for an epoch, by the windows that are over.
enum class ReportState {
  kNone,         // the commit window is not over
  kCommitted,    // the reveal window is not over
  kRevealed,     // accepted
  kMissed,       // nothing was committed in time
  kNotRevealed,  // committed, and not shown in time
};

/// `stored` is what Reports holds: zero, a commitment, or a root.
ReportState StateOf(const Digest& stored, std::uint32_t epoch, const chain::Schedule& schedule,
                    std::uint64_t now_s);
/// "none", "committed", "revealed", "missed", "not revealed".
std::string NameOf(ReportState state);

struct RecentReport {
  std::uint32_t epoch = 0;
  bool opened = false;  // without an opening nobody can be penalized
  ReportState state = ReportState::kNone;
};

struct AcceptedReport {
  std::uint32_t epoch = 0;
  std::uint64_t block = 0;
  Digest transaction{};
};

/// Everything that `kaisar-checker status` knows. Times in Unix seconds, amounts in wei.
struct SlotStatus {
  std::uint32_t slot = 0;
  chain::SlotState state;
  chain::Schedule schedule;
  std::uint64_t block = 0;           // the newest
  std::uint64_t now_s = 0;           // its time
  std::uint64_t wall_s = 0;          // of this machine
  std::uint32_t epoch = 0;           // the current one; 0 before genesis, too
  bool opened = false;               // the current epoch
  absl::Status duty;                 // of the current epoch, or of the first one to come
  std::vector<RecentReport> recent;  // on duty, newest first; at most three epochs
  std::optional<AcceptedReport> accepted;
  chain::SlotAccount account;
  std::optional<AgreementCount> agreement_before;  // of a day ago, or as early as is known
  Uint256 earned;                                  // by the owner's devices
  Address hot_key{};
  Uint256 balance;  // of the hot key, in coin
  Uint256 low_balance;
  Uint256 cost_per_epoch;   // at today's fees, with as many devices as in the last report
  Uint256 cost_per_report;  // of that its commit and reveal
  std::string runs_as;      // the process that has the data directory; empty: none
  bool has_signatures = false;
  std::optional<LastReport> last_report;  // of the data directory
  std::vector<std::string> send_errors;   // of transactions that are open in the outbox

  bool before_genesis() const { return now_s < schedule.genesis; }
  bool on_duty() const {
    return !state.ejected && epoch >= state.active_from && epoch < state.active_until;
  }
  /// Its owner asked for exit, and no duty is left. One that was ejected has not left: it is out.
  bool has_left() const {
    return !state.ejected &&
           (epoch >= state.active_until || state.active_from >= state.active_until);
  }
};

using monitor::Problem;

/// The codes that FindProblems gives.
inline constexpr absl::string_view kSlotProblemCodes[] = {
    "chain_stale",  "epoch_unopened", "off_duty",          "missed_in_a_row",
    "not_running",  "no_signatures",  "report_missed",     "report_not_revealed",
    "commit_late",  "reveal_late",    "transaction_stuck", "low_coin",
    "disagreement", "slot_left",      "nothing_scored",    "no_coin",
};

/// A pure function of what is known.
std::vector<Problem> FindProblems(const SlotStatus& status);

/// There is no signature store: the same, on a chain and on a roster file.
Problem NoSignatures();

/// "commit of epoch 6" or the like, and how many seconds of it are left.
struct Window {
  std::string kind;  // one of kWindowKinds
  std::string name;
  std::uint64_t left_s = 0;
};
inline constexpr absl::string_view kWindowKinds[] = {"before_genesis", "commit", "reveal",
                                                     "challenges"};
Window CurrentWindow(const SlotStatus& status);

/// What is known, for programs; amounts as decimal strings of wei.
nlohmann::ordered_json ToJson(const SlotStatus& status);

/// For people, and the same as JSON, with the problems.
std::string StatusText(const SlotStatus& status, const std::vector<Problem>& problems);
std::string StatusJson(const SlotStatus& status, const std::vector<Problem>& problems);

}  // namespace kaisar::checker
