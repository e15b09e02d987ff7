#include "checker/monitor/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"
#include "tests/unit/checker/monitor/sound_slot.h"

namespace kaisar::checker {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kS = 1'000'000'000;  // in ns
constexpr std::uint64_t kGb = 1'000'000'000;

/// A run on a roster file with which nothing is wrong.
RunFacts Sound() {
  RunFacts facts;
  facts.now_ns = 5000 * kS;
  facts.dispatch_alive_ns = 4999 * kS;
  facts.free_bytes = 50 * kGb;
  facts.size_bytes = 100 * kGb;
  return facts;
}

/// The same on a chain, whose slot has its duty.
RunFacts SoundOnChain() {
  RunFacts facts = Sound();
  facts.on_chain = true;
  facts.chain_alive_ns = 4999 * kS;
  facts.chain_read_ns = 4990 * kS;
  facts.chain_read_every_ns = 60 * kS;
  facts.slot = SoundSlot(2, 30);
  return facts;
}

std::vector<std::string> Codes(const std::vector<Problem>& problems) {
  std::vector<std::string> codes;
  for (const Problem& problem : problems) codes.push_back(problem.code);
  return codes;
}

TEST(Readiness, HasNothingAgainstASoundRun) {
  for (const RunFacts& facts : {Sound(), SoundOnChain()}) {
    const Readiness readiness = CheckReadiness(facts);
    EXPECT_TRUE(readiness.ready);
    EXPECT_THAT(Codes(readiness.problems), IsEmpty());
    EXPECT_TRUE(CheckHealth(facts).alive);
  }
}

struct Case {
  const char* name;
  std::function<void(RunFacts&)> change;
  const char* code;
  const char* what;
  bool ready;
};

class ReadinessProblem : public ::testing::TestWithParam<Case> {};

TEST_P(ReadinessProblem, IsToldAndDecides) {
  RunFacts facts = SoundOnChain();
  GetParam().change(facts);
  const Readiness readiness = CheckReadiness(facts);
  ASSERT_THAT(Codes(readiness.problems), ElementsAre(GetParam().code));
  EXPECT_THAT(readiness.problems[0].what, HasSubstr(GetParam().what));
  EXPECT_FALSE(readiness.problems[0].next.empty());
  EXPECT_EQ(readiness.ready, GetParam().ready);
  EXPECT_EQ(KeepsFromEarning(GetParam().code), !GetParam().ready);
}

INSTANTIATE_TEST_SUITE_P(
    All, ReadinessProblem,
    ::testing::Values(
        Case{"DispatchStuck", [](RunFacts& f) { f.dispatch_alive_ns = 4000 * kS; },
             "dispatch_stuck", "no progress for 1000 s, limit 900", false},
        Case{"ChainStuck", [](RunFacts& f) { f.chain_alive_ns = 4000 * kS; }, "chain_stuck",
             "the thread chain", false},
        Case{"NeverRead",
             [](RunFacts& f) {
               f.chain_read_ns.reset();
               f.slot.reset();
             },
             "chain_unread", "has not been read yet", false},
        Case{"RpcDownForAnHour",
             [](RunFacts& f) {
               f.now_ns += 3600 * kS;
               f.dispatch_alive_ns = f.chain_alive_ns = f.now_ns;
               f.chain_trouble = "http://127.0.0.1:1: connection refused";
             },
             "chain_unread", "for 3610 s: http://127.0.0.1:1: connection refused", false},
        Case{"NotOnDutyYet",
             [](RunFacts& f) {
               f.slot->state.active_from = 4;
               f.slot->runs_as.clear();
             },
             "not_on_duty_yet", "first duty of slot 3 is in epoch 4, now is epoch 2", false},
        Case{"SlotLeft",
             [](RunFacts& f) {
               f.slot->state.active_until = 2;
               f.slot->duty = absl::FailedPreconditionError("slot 3 has no duty");
             },
             "slot_left", "has left", false},
        Case{"NothingScored",
             [](RunFacts& f) {
               f.slot->last_report = LastReport{1, 7, 0};
             },
             "nothing_scored", "none of its 7 devices", false},
        Case{"NoCoin", [](RunFacts& f) { f.slot->cost_per_report = Uint256(2'000'000'000); },
             "no_coin", "take 0.000000002 at today's fees", false},
        Case{"OfTheSlot",
             [](RunFacts& f) {
               f.slot->balance = Uint256();
               f.slot->low_balance = Uint256(1);
             },
             "low_coin", "has 0 coins", true},
        Case{"DiskLow", [](RunFacts& f) { f.free_bytes = 4 * kGb; }, "disk_low",
             "4000000000 of 100000000000 bytes are free", true},
        Case{"DiskFull",
             [](RunFacts& f) {
               f.free_bytes = kGb;
               f.refused = "the log of epoch 3 takes up to 2 GB";
             },
             "disk_full", "the log of epoch 3", false},
        Case{"ClockStepped",
             [](RunFacts& f) {
               f.clock_stepped_ns = 4900 * kS;
               f.clock_step_seconds = -60.5;
             },
             "clock_stepped", "set by -60.5 s, 100 s ago", true},
        Case{"ClockBehind", [](RunFacts& f) { f.slot->wall_s -= 60; }, "clock_behind",
             "60 s ahead of this machine's clock", true}),
    [](const auto& problem) { return problem.param.name; });

TEST(Readiness, KnowsAllCodesThatItGives) {
  for (const char* code :
       {"dispatch_stuck", "chain_stuck", "chain_unread", "not_on_duty_yet", "disk_low", "disk_full",
        "clock_stepped", "clock_behind", "log_unusable", "dispatch_failed"}) {
    EXPECT_THAT(kRunProblemCodes, Contains(code));
  }
}

TEST(Readiness, IsNotReadyUntilTheEpochsRunAgain) {
  RunFacts facts = SoundOnChain();
  facts.dispatch_failed_ns = facts.now_ns - 59 * kS;
  facts.dispatch_trouble = "disk is full";
  const Readiness readiness = CheckReadiness(facts);
  ASSERT_THAT(Codes(readiness.problems), ElementsAre("dispatch_failed"));
  EXPECT_EQ(readiness.problems[0].what, "no epoch is run: disk is full");
  EXPECT_FALSE(readiness.ready);
  EXPECT_TRUE(CheckHealth(facts).alive) << "a start would try the same";
  facts.dispatch_failed_ns = facts.now_ns - 60 * kS;
  EXPECT_TRUE(CheckReadiness(facts).ready);
}

TEST(Readiness, TellsOfEachLogThatIsUnusableAndGoesOn) {
  RunFacts facts = SoundOnChain();
  facts.unusable_logs = {{"/d/epoch-3.log", "epoch 3 is damaged"}, {"/d/epoch-4.log", "so is 4"}};
  const Readiness readiness = CheckReadiness(facts);
  ASSERT_THAT(Codes(readiness.problems), ElementsAre("log_unusable", "log_unusable"));
  EXPECT_EQ(readiness.problems[0].what, "epoch 3 is damaged");
  EXPECT_THAT(readiness.problems[1].next, HasSubstr("move /d/epoch-4.log elsewhere"));
  EXPECT_TRUE(readiness.ready);
}

TEST(Readiness, ForgetsAClockStepAfterTenMinutes) {
  RunFacts facts = Sound();
  facts.clock_stepped_ns = 4399 * kS;
  EXPECT_THAT(Codes(CheckReadiness(facts).problems), IsEmpty());
}

TEST(Readiness, DoesNotMissAThreadThatHasNothingMoreToDo) {
  RunFacts facts = Sound();
  facts.dispatch_alive_ns.reset();
  EXPECT_TRUE(CheckHealth(facts).alive);
}

TEST(Health, IsBadOnlyWhenAThreadIsStuck) {
  RunFacts facts = SoundOnChain();
  facts.chain_read_ns.reset();
  facts.refused = "no room";
  EXPECT_TRUE(CheckHealth(facts).alive);
  facts.dispatch_alive_ns = 0;
  const Health health = CheckHealth(facts);
  EXPECT_FALSE(health.alive);
  EXPECT_THAT(Codes(health.problems), ElementsAre("dispatch_stuck"));
}

TEST(Readiness, IsJsonWhateverAnEndpointSays) {
  RunFacts facts = SoundOnChain();
  facts.chain_read_ns.reset();
  facts.slot.reset();
  facts.chain_trouble = "\xff\"<script>";
  const auto json = nlohmann::json::parse(ReadinessJson(CheckReadiness(facts)));
  EXPECT_EQ(json["ready"], false);
  EXPECT_EQ(json["problems"][0]["code"], "chain_unread");
  EXPECT_EQ(json["problems"][0]["keeps_from_earning"], true);
  EXPECT_EQ(nlohmann::json::parse(HealthJson(CheckHealth(facts)))["alive"], true);
}

}  // namespace
}  // namespace kaisar::checker
