// How a slot's status is shown, to people and to programs.
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/hex.h"
#include "base/utc_time.h"
#include "checker/slot_status.h"

namespace kaisar::checker {
namespace {

constexpr std::uint32_t kNoEnd = UINT32_MAX;

std::string Line(absl::string_view name, absl::string_view value) {
  return absl::StrFormat("%-10s %s\n", name, value);
}

std::string Duty(const SlotStatus& status) {
  const chain::SlotState& state = status.state;
  if (state.license.is_zero()) return "claimed";
  if (state.ejected) return "ejected";
  std::string text =
      absl::StrCat(status.on_duty() ? "active" : "not active", ", from epoch ", state.active_from);
  if (state.active_until != kNoEnd) absl::StrAppend(&text, " to before ", state.active_until);
  if (state.claimable_at != 0) {
    absl::StrAppend(&text, "; claimable from ", UtcTime(state.claimable_at));
  }
  return text;
}

std::string Agreement(const chain::SlotAccount& account) {
  const std::uint64_t all = account.agreed + account.disagreed;
  if (all == 0) return "nothing settled yet";
  return absl::StrFormat("%d of %d (%d.%d %%)", account.agreed, all, account.agreed * 100 / all,
                         account.agreed * 1000 / all % 10);
}

std::uint64_t EpochsLeft(const SlotStatus& status) {
  if (status.cost_per_epoch.is_zero()) return 0;
  return (status.balance / status.cost_per_epoch).ToUint64();
}

std::string Accepted(const SlotStatus& status) {
  if (!status.accepted) return "none yet";
  return absl::StrCat("epoch ", status.accepted->epoch, ", block ", status.accepted->block,
                      ", transaction ", ToPrefixedHex(status.accepted->transaction));
}

std::string Scored(const SlotStatus& status) {
  const std::optional<LastReport>& last = status.last_report;
  if (!last) return "no report here yet";
  return absl::StrCat(last->scored, " of ", last->devices, " devices in epoch ", last->epoch);
}

std::string Recent(const SlotStatus& status) {
  std::string text;
  for (const RecentReport& report : status.recent) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", "epoch ", report.epoch, " ",
                    NameOf(report.state), report.opened ? "" : " (never opened)");
  }
  return text.empty() ? "none" : text;
}

}  // namespace

std::string NameOf(ReportState state) {
  switch (state) {
    case ReportState::kNone:
      return "none";
    case ReportState::kCommitted:
      return "committed";
    case ReportState::kRevealed:
      return "revealed";
    case ReportState::kMissed:
      return "missed";
    case ReportState::kNotRevealed:
      return "not revealed";
  }
  return "unknown";
}

std::string StatusText(const SlotStatus& status, const std::vector<Problem>& problems) {
  const Window window = CurrentWindow(status);
  std::string text = absl::StrCat(
      Line("slot", absl::StrCat(status.slot, ", ", Duty(status))),
      Line("owner", ToPrefixedHex(status.state.owner)),
      Line("stake", absl::StrCat(FormatEther(status.state.stake), " KAI")),
      Line("epoch", absl::StrCat(status.epoch, status.opened ? ", opened" : ", not opened")),
      Line("window", absl::StrCat(window.name, ", ", window.left_s, " s left")),
      Line("accepted", Accepted(status)), Line("reports", Recent(status)),
      Line("scored", Scored(status)), Line("agreement", Agreement(status.account)),
      Line("owed", absl::StrCat(FormatEther(status.account.owed),
                                " KAI to the slot (kaisar-checker withdraw)")));
  if (!status.earned.is_zero()) {
    absl::StrAppend(&text, Line("earned", absl::StrCat(FormatEther(status.earned),
                                                       " KAI by the owner's devices")));
  }
  absl::StrAppend(
      &text,
      Line("hot key", absl::StrCat(ToPrefixedHex(status.hot_key), ", ", FormatEther(status.balance),
                                   " coins, for ", EpochsLeft(status), " epochs at today's fees")),
      Line("missed", absl::StrCat(status.state.streak, " in a row")),
      Line("process", status.runs_as.empty() ? "none here" : status.runs_as));
  for (const Problem& problem : problems) {
    absl::StrAppend(&text, "\nwrong: ", problem.what, "\n  next: ", problem.next, "\n");
  }
  if (problems.empty()) absl::StrAppend(&text, "\nall is well\n");
  return text;
}

nlohmann::ordered_json ToJson(const SlotStatus& status) {
  const Window window = CurrentWindow(status);
  using Json = nlohmann::ordered_json;
  Json json = {{"slot", status.slot},
               {"owner", ToPrefixedHex(status.state.owner)},
               {"active", status.on_duty()},
               {"active_from", status.state.active_from},
               {"active_until", status.state.active_until},
               {"claimable_at", status.state.claimable_at},
               {"ejected", status.state.ejected},
               {"stake", status.state.stake.ToDecimal()},
               {"epoch", status.epoch},
               {"opened", status.opened},
               {"window", window.name},
               {"window_left_s", window.left_s},
               {"agreed", status.account.agreed},
               {"disagreed", status.account.disagreed},
               {"owed", status.account.owed.ToDecimal()},
               {"earned", status.earned.ToDecimal()},
               {"hot_key", ToPrefixedHex(status.hot_key)},
               {"balance", status.balance.ToDecimal()},
               {"epochs_left", EpochsLeft(status)},
               {"missed_in_a_row", status.state.streak},
               {"process", status.runs_as}};
  json["accepted"] = nullptr;
  if (status.accepted) {
    json["accepted"] = {{"epoch", status.accepted->epoch},
                        {"block", status.accepted->block},
                        {"transaction", ToPrefixedHex(status.accepted->transaction)}};
  }
  json["last_report"] = nullptr;
  if (status.last_report) {
    json["last_report"] = {{"epoch", status.last_report->epoch},
                           {"devices", status.last_report->devices},
                           {"scored", status.last_report->scored}};
  }
  json["reports"] = Json::array();
  for (const RecentReport& report : status.recent) {
    json["reports"].push_back(
        {{"epoch", report.epoch}, {"state", NameOf(report.state)}, {"opened", report.opened}});
  }
  return json;
}

std::string StatusJson(const SlotStatus& status, const std::vector<Problem>& problems) {
  using Json = nlohmann::ordered_json;
  Json json = ToJson(status);
  json["problems"] = Json::array();
  for (const Problem& problem : problems) {
    json["problems"].push_back(
        {{"code", problem.code}, {"what", problem.what}, {"next", problem.next}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace kaisar::checker
