// What `kaisar-checker status` makes of what it knows.
#include "checker/slot_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace kaisar::checker {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t kGenesis = 1000;

/// Epoch 5 of 600 s, its first minute: the commit window of epoch 4. All is well.
SlotStatus Sound() {
  SlotStatus status;
  status.slot = 3;
  status.schedule = {kGenesis, 600, 60, 60, 4000, 1000, 2000};
  status.epoch = 5;
  status.now_s = kGenesis + 5 * 600 + 20;
  status.wall_s = status.now_s + 1;
  status.opened = true;
  status.state.active_until = UINT32_MAX;
  status.state.license = Uint256(1);
  status.state.stake = *ParseEther("1000");
  status.recent = {{4, true, ReportState::kCommitted}, {3, true, ReportState::kRevealed}};
  status.accepted = AcceptedReport{3, 77, Digest{}};
  status.account = {*ParseEther("12.5"), 39, 1};
  status.balance = *ParseEther("1");
  status.low_balance = *ParseEther("0.05");
  status.cost_per_epoch = *ParseEther("0.01");
  status.cost_per_report = *ParseEther("0.001");
  status.runs_as = "process 12 (kaisar-checker)";
  status.has_signatures = true;
  status.last_report = LastReport{4, 12, 11};
  return status;
}

TEST(SlotStatus, FindsNothingWrongWhereNothingIs) {
  EXPECT_THAT(FindProblems(Sound()), IsEmpty());
}

struct Case {
  const char* name;
  std::function<void(SlotStatus&)> change;
  const char* what;
  const char* next;
};

class SlotStatusProblem : public ::testing::TestWithParam<Case> {};

TEST_P(SlotStatusProblem, IsToldWithWhatToDoNext) {
  SlotStatus status = Sound();
  GetParam().change(status);
  const std::vector<Problem> problems = FindProblems(status);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(kSlotProblemCodes, Contains(absl::string_view(problems[0].code)));
  EXPECT_THAT(problems[0].what, HasSubstr(GetParam().what));
  EXPECT_THAT(problems[0].next, HasSubstr(GetParam().next));
  EXPECT_THAT(StatusText(status, problems), HasSubstr("wrong: "));
}

INSTANTIATE_TEST_SUITE_P(
    All, SlotStatusProblem,
    ::testing::Values(
        Case{"StaleChain", [](SlotStatus& s) { s.wall_s += 600; }, "s old", "endpoints"},
        Case{"NotOpened",
             [](SlotStatus& s) {
               s.opened = false;
               s.now_s += 400;
               s.wall_s += 400;
               s.recent.clear();
             },
             "nobody opened it", "coin"},
        Case{
            "Duty",
            [](SlotStatus& s) { s.duty = absl::FailedPreconditionError("slot 3 has another key"); },
            "another key", "see there"},
        Case{"Left",
             [](SlotStatus& s) {
               s.state.active_until = 5;
               s.state.claimable_at = kGenesis + 9000;
               s.duty = absl::FailedPreconditionError("slot 3 has no duty from epoch 5 on");
             },
             "has left: its owner asked for exit, and it has no duty from epoch 5 on",
             "claimed from 1970-01-01 02:46:40 UTC on: kaisar-checker unstake"},
        Case{"LeftAndClaimed",
             [](SlotStatus& s) {
               s.state.active_until = 1;
               s.state.claimable_at = kGenesis;
               s.state.license = Uint256();
               s.duty = absl::FailedPreconditionError("slot 3 has no duty from epoch 1 on");
             },
             "its stake was claimed", "stop this checker"},
        Case{"LeftBeforeItsFirstDuty",
             [](SlotStatus& s) {
               s.state.active_from = s.state.active_until = 7;
               s.state.claimable_at = kGenesis + 9000;
               s.duty = absl::FailedPreconditionError("slot 3 is active from epoch 7 on");
             },
             "has no duty from epoch 7 on", "kaisar-checker unstake"},
        Case{"Streak", [](SlotStatus& s) { s.state.streak = 2; }, "2 reports in a row", "running"},
        Case{"NoProcess", [](SlotStatus& s) { s.runs_as.clear(); }, "no checker runs", "run"},
        Case{"NoStore", [](SlotStatus& s) { s.has_signatures = false; }, "signature store",
             "init-signatures"},
        Case{"Missed", [](SlotStatus& s) { s.recent[1].state = ReportState::kMissed; },
             "epoch 3 was missed", "lines"},
        Case{"NotRevealed", [](SlotStatus& s) { s.recent[1].state = ReportState::kNotRevealed; },
             "not revealed in time", "lines"},
        Case{"NotCommittedYet",
             [](SlotStatus& s) {
               s.recent[0].state = ReportState::kNone;
               s.now_s += 20;
             },
             "not committed", "coin"},
        Case{"NotRevealedYet",
             [](SlotStatus& s) {
               s.now_s += 80;
               s.wall_s += 80;
             },
             "not revealed, half", "coin"},
        Case{"NothingScored",
             [](SlotStatus& s) {
               s.last_report = LastReport{4, 12, 0};
             },
             "epoch 4 scores none of its 12 devices", "uplink"},
        Case{"SendError", [](SlotStatus& s) { s.send_errors = {"commit of epoch 4: no funds"}; },
             "no funds", "tried again"},
        Case{"LowBalance", [](SlotStatus& s) { s.balance = *ParseEther("0.04"); }, "has 0.04 coins",
             "send it"},
        Case{"NoCoin", [](SlotStatus& s) { s.balance = *ParseEther("0.0009"); },
             "has 0.0009 coins, commit and reveal of a report take 0.001", "send it some now"},
        Case{"FewEpochs", [](SlotStatus& s) { s.cost_per_epoch = *ParseEther("0.2"); },
             "has 1 coins", "send it"},
        Case{"Disagreement", [](SlotStatus& s) { s.account.disagreed = 10; }, "39 of 49", "uplink"},
        Case{"DisagreementAfterAGoodYear",
             [](SlotStatus& s) {
               s.account.agreed = 40'012;
               s.account.disagreed = 108;
               s.agreement_before = AgreementCount{s.now_s - 86'400, 40'000, 100};
             },
             "only 12 of 20 scores of the last day were", "uplink"}),
    [](const auto& problem) { return problem.param.name; });

TEST(SlotStatus, HasNothingAgainstASlotThatIsStillToBegin) {
  SlotStatus status = Sound();
  status.state.active_from = 7;  // `duty` is that of epoch 7 then
  status.recent.clear();
  status.runs_as.clear();
  EXPECT_THAT(FindProblems(status), IsEmpty());
  status.duty = absl::FailedPreconditionError("slot 3 has the TLS pin 0x…, tls_key has 0x…");
  EXPECT_THAT(FindProblems(status), ::testing::SizeIs(1));
}

TEST(SlotStatus, HasNothingAgainstASlotThatIsAboutToLeave) {
  SlotStatus status = Sound();
  status.state.active_until = 6;
  status.state.claimable_at = kGenesis + 9000;
  EXPECT_THAT(FindProblems(status), IsEmpty());
}

TEST(SlotStatus, HasNothingAgainstABadDayThatIsOver) {
  SlotStatus status = Sound();
  status.account = {Uint256(), 60, 40};
  status.agreement_before = AgreementCount{status.now_s - 86'400, 40, 40};
  EXPECT_THAT(FindProblems(status), IsEmpty());
  status.account.agreed = 59;  // of one day too few are known
  EXPECT_THAT(FindProblems(status), ::testing::SizeIs(1));
  status.agreement_before = AgreementCount{status.now_s - 86'400, 90, 0};  // of another chain
  EXPECT_THAT(FindProblems(status), ::testing::SizeIs(1));
}

TEST(SlotStatus, HasNothingAgainstAReportWithoutDevicesNorAnOldOne) {
  SlotStatus status = Sound();
  status.last_report = LastReport{4, 0, 0};
  EXPECT_THAT(FindProblems(status), IsEmpty());
  status.last_report = LastReport{1, 12, 0};
  EXPECT_THAT(FindProblems(status), IsEmpty());
  status.last_report = LastReport{4, 12, 1};
  EXPECT_THAT(FindProblems(status), IsEmpty());
}

TEST(SlotStatus, HasNothingAgainstAMissedEpochThatNobodyOpened) {
  SlotStatus status = Sound();
  status.recent[1] = {3, false, ReportState::kMissed};
  EXPECT_THAT(FindProblems(status), IsEmpty());
}

TEST(SlotStatus, TellsAReportsStateByTheWindowsThatAreOver) {
  const chain::Schedule schedule = Sound().schedule;
  const std::uint64_t end = schedule.end(4);
  Digest commitment{};
  commitment[0] = 1;
  Digest root = commitment;
  root.back() = 1;
  EXPECT_EQ(StateOf(Digest{}, 4, schedule, end + 59), ReportState::kNone);
  EXPECT_EQ(StateOf(Digest{}, 4, schedule, end + 60), ReportState::kMissed);
  EXPECT_EQ(StateOf(commitment, 4, schedule, end + 119), ReportState::kCommitted);
  EXPECT_EQ(StateOf(commitment, 4, schedule, end + 120), ReportState::kNotRevealed);
  EXPECT_EQ(StateOf(root, 4, schedule, end + 5000), ReportState::kRevealed);
}

TEST(SlotStatus, NamesTheWindowAndWhatIsLeftOfIt) {
  SlotStatus status = Sound();
  EXPECT_EQ(CurrentWindow(status).name, "commit of epoch 4");
  EXPECT_EQ(CurrentWindow(status).left_s, 40u);
  status.now_s += 50;
  EXPECT_EQ(CurrentWindow(status).name, "reveal of epoch 4");
  status.now_s += 60;
  EXPECT_EQ(CurrentWindow(status).name, "challenges of epoch 5");
  EXPECT_EQ(CurrentWindow(status).left_s, 470u);
  status.now_s = kGenesis - 5;
  EXPECT_EQ(CurrentWindow(status).name, "before genesis");
  EXPECT_EQ(CurrentWindow(status).left_s, 5u);
}

TEST(SlotStatus, ShowsThePersonWhatTheySearch) {
  const std::string text = StatusText(Sound(), {});
  for (const char* part :
       {"slot       3, active", "1000 KAI", "commit of epoch 4, 40 s left", "epoch 3, block 77",
        "epoch 4 committed, epoch 3 revealed", "11 of 12 devices in epoch 4", "39 of 40 (97.5 %)",
        "12.5 KAI", "for 100 epochs", "process 12", "all is well"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(SlotStatus, SaysTheSameAsJson) {
  SlotStatus status = Sound();
  status.state.streak = 1;
  const auto json = nlohmann::json::parse(StatusJson(status, FindProblems(status)));
  EXPECT_EQ(json["slot"], 3);
  EXPECT_EQ(json["owed"], "12500000000000000000");
  EXPECT_EQ(json["accepted"]["block"], 77);
  EXPECT_EQ(json["last_report"]["scored"], 11);
  EXPECT_EQ(json["reports"][0]["state"], "committed");
  EXPECT_EQ(json["problems"].size(), 1u);
  EXPECT_THAT(std::string(json["problems"][0]["next"]), Not(IsEmpty()));
}

}  // namespace
}  // namespace kaisar::checker
