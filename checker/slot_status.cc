#include "checker/slot_status.h"

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/utc_time.h"
#include "checker/owner_commands.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kStaleBlockS = 120;
constexpr int kCoinDigits = 9;           // where gas is cheap, a report costs less than a millionth
constexpr std::uint64_t kFewEpochs = 8;  // two days of the network's
constexpr std::uint32_t kNewEpochs = 3;  // a report of before them says nothing of today
constexpr std::uint64_t kLeastDecisions = 20;
constexpr std::uint64_t kLeastAgreementPercent = 90;

void FindChainProblems(const SlotStatus& status, std::vector<Problem>& problems) {
  if (status.wall_s > status.now_s + kStaleBlockS) {
    problems.push_back({"chain_stale",
                        absl::StrCat("the newest block is ", status.wall_s - status.now_s,
                                     " s old, or this machine's clock is ahead"),
                        "check the endpoints in chain.rpc, and chrony or systemd-timesyncd"});
  }
  const std::uint64_t half_s =
      status.schedule.begin(status.epoch) + status.schedule.epoch_seconds / 2;
  if (!status.before_genesis() && !status.opened && status.now_s > half_s) {
    problems.push_back({"epoch_unopened",
                        absl::StrCat("half of epoch ", status.epoch, " is over, nobody opened it"),
                        "look at the checker's lines for what keeps it from opening: coin, fees, "
                        "endpoints"});
  }
}

Problem HasLeft(const SlotStatus& status) {
  if (status.state.license.is_zero()) {
    return {"slot_left", absl::StrCat("slot ", status.slot, " has left, and its stake was claimed"),
            "stop this checker; what the slot is still owed: kaisar-checker withdraw"};
  }
  return {"slot_left",
          absl::StrCat("slot ", status.slot, " has left: its owner asked for exit, and it has no ",
                       "duty from epoch ", status.state.active_until, " on"),
          absl::StrCat("keep the checker running until its last report is settled; the stake can "
                       "be claimed from ",
                       UtcTime(status.state.claimable_at), " on: kaisar-checker unstake")};
}

void FindDutyProblems(const SlotStatus& status, std::vector<Problem>& problems) {
  if (status.has_left()) {
    problems.push_back(HasLeft(status));
  } else if (!status.duty.ok()) {
    problems.push_back({"off_duty", std::string(status.duty.message()), "see there"});
  }
  if (status.state.streak > 0) {
    problems.push_back({"missed_in_a_row",
                        absl::StrCat(status.state.streak, " reports in a row were missed"),
                        "each one more costs more stake: keep the checker running, and read its "
                        "lines with event chain"});
  }
  if (status.on_duty() && !status.before_genesis() && status.runs_as.empty()) {
    problems.push_back({"not_running",
                        "no checker runs on the data directory, and the slot is on duty",
                        "kaisar-checker run --config …; if it runs elsewhere, ask status there"});
  }
  if (!status.has_signatures && status.state.active_from <= status.epoch + 2) {
    problems.push_back(NoSignatures());
  }
}

void FindReportProblems(const SlotStatus& status, std::vector<Problem>& problems) {
  for (const RecentReport& report : status.recent) {
    if (!report.opened) continue;
    const chain::Schedule& schedule = status.schedule;
    const std::uint64_t commit_half_s = schedule.end(report.epoch) + schedule.commit_seconds / 2;
    const std::uint64_t reveal_half_s =
        schedule.reveal_begin(report.epoch) + schedule.reveal_seconds / 2;
    const std::string of = absl::StrCat("the report of epoch ", report.epoch);
    if (report.state == ReportState::kMissed) {
      problems.push_back({"report_missed", absl::StrCat(of, " was missed"),
                          "read the checker's lines of that time; the stake pays for each"});
    } else if (report.state == ReportState::kNotRevealed) {
      problems.push_back({"report_not_revealed",
                          absl::StrCat(of, " was committed and not revealed in time"),
                          "read the checker's lines of that time; the stake pays for each"});
    } else if (report.state == ReportState::kNone && status.now_s > commit_half_s) {
      problems.push_back({"commit_late",
                          absl::StrCat(of, " is not committed, half of the window is over"),
                          "is the checker running, and has the hot key coin?"});
    } else if (report.state == ReportState::kCommitted && status.now_s > reveal_half_s) {
      problems.push_back({"reveal_late",
                          absl::StrCat(of, " is not revealed, half of the window is over"),
                          "is the checker running, and has the hot key coin?"});
    }
  }
  const std::optional<LastReport>& last = status.last_report;
  if (last && last->scored == 0 && last->devices > 0 && status.epoch <= last->epoch + kNewEpochs &&
      !status.has_left()) {
    problems.push_back({"nothing_scored",
                        absl::StrCat("the report of epoch ", last->epoch, " scores none of its ",
                                     last->devices, " devices: it is paid nothing"),
                        "look for what kept this machine from measuring: uplink, load, clock "
                        "(CHECKER_OFFLINE, CHECKER_OVERLOADED, CLOCK_STEPPED in the log); "
                        "kaisar-audit explain says it for each device"});
  }
  for (const std::string& error : status.send_errors) {
    problems.push_back({"transaction_stuck", error,
                        "it is tried again by itself; if it stays, look at endpoints, fees "
                        "and coin"});
  }
}

void FindCoinProblems(const SlotStatus& status, std::vector<Problem>& problems) {
  if (status.state.ejected || status.has_left()) return;
  const std::string has = absl::StrCat("the hot key ", ToPrefixedHex(status.hot_key), " has ",
                                       FormatEther(status.balance, kCoinDigits), " coins");
  if (status.balance < status.cost_per_report) {
    problems.push_back(
        {"no_coin",
         absl::StrCat(has, ", commit and reveal of a report take ",
                      FormatEther(status.cost_per_report, kCoinDigits), " at today's fees"),
         "send it some now: without, no report gets to the chain"});
  } else if (status.balance < status.low_balance ||
             status.balance < status.cost_per_epoch * Uint256(kFewEpochs)) {
    problems.push_back({"low_coin", has, "send it some: it pays for commits and reveals"});
  }
}

void FindAgreementProblems(const SlotStatus& status, std::vector<Problem>& problems) {
  AgreementCount count = {0, status.account.agreed, status.account.disagreed};
  std::string when;
  // Of the last day, so that a bad day shows behind a good year; of all, where that says too
  // little.
  const AgreementCount before = status.agreement_before.value_or(AgreementCount{});
  if (count.agreed + count.disagreed >= before.agreed + before.disagreed + kLeastDecisions &&
      count.agreed >= before.agreed && count.disagreed >= before.disagreed) {
    count.agreed -= before.agreed;
    count.disagreed -= before.disagreed;
    if (status.agreement_before) when = " of the last day";
  }
  const std::uint64_t decisions = count.agreed + count.disagreed;
  if (decisions < kLeastDecisions || count.agreed * 100 >= decisions * kLeastAgreementPercent) {
    return;
  }
  problems.push_back({"disagreement",
                      absl::StrCat("only ", count.agreed, " of ", decisions, " scores", when,
                                   " were near the committees' medians"),
                      "compare with others: uplink, load of the machine (CHECKER_OVERLOADED in "
                      "the log), policy file"});
}

}  // namespace

ReportState StateOf(const Digest& stored, std::uint32_t epoch, const chain::Schedule& schedule,
                    std::uint64_t now_s) {
  if (stored == Digest{}) {
    return now_s < schedule.reveal_begin(epoch) ? ReportState::kNone : ReportState::kMissed;
  }
  if ((stored.back() & 1) != 0) return ReportState::kRevealed;
  return now_s < schedule.settle_begin(epoch) ? ReportState::kCommitted : ReportState::kNotRevealed;
}

Problem NoSignatures() {
  return {"no_signatures", "there is no signature store in the data directory",
          "bring the newest one back, never an older copy; only for a slot that has never signed: "
          "kaisar-checker init-signatures"};
}

std::vector<Problem> FindProblems(const SlotStatus& status) {
  std::vector<Problem> problems;
  FindChainProblems(status, problems);
  FindDutyProblems(status, problems);
  FindReportProblems(status, problems);
  FindCoinProblems(status, problems);
  FindAgreementProblems(status, problems);
  return problems;
}

Window CurrentWindow(const SlotStatus& status) {
  const chain::Schedule& schedule = status.schedule;
  if (status.before_genesis())
    return {"before_genesis", "before genesis", schedule.genesis - status.now_s};
  if (status.epoch > 0) {
    const std::uint32_t last = status.epoch - 1;
    if (status.now_s < schedule.reveal_begin(last)) {
      return {"commit", absl::StrCat("commit of epoch ", last),
              schedule.reveal_begin(last) - status.now_s};
    }
    if (status.now_s < schedule.settle_begin(last)) {
      return {"reveal", absl::StrCat("reveal of epoch ", last),
              schedule.settle_begin(last) - status.now_s};
    }
  }
  return {"challenges", absl::StrCat("challenges of epoch ", status.epoch),
          schedule.end(status.epoch) - status.now_s};
}

}  // namespace kaisar::checker
