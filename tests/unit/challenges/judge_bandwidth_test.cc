// The rules of bandwidth in docs/judging.md: 8 and 21 to 26.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/bandwidth/throughput.h"
#include "challenges/judge.h"
#include "tests/unit/challenges/bandwidth_lines.h"
#include "tests/unit/challenges/judge_case.h"

namespace kaisar::challenges {
namespace {

/// Two tests of a second, 200 Mbit/s each way by both ends' counts; 100 down and 20 up are claimed.
class BandwidthJudge : public JudgeCase {
 protected:
  BandwidthJudge() {
    policy_.bandwidth.seconds = 1;
    Issue(v1::BANDWIDTH);
    closed_.set_elapsed_ms(5000);
    *closed_.mutable_bandwidth() = HonestEvidence();
    Sign(device_key_);
  }

  void Sign(const SigningKey& signer) {
    v1::BandwidthEvidence& evidence = *closed_.mutable_bandwidth();
    const Digest hash = BandwidthResultsHash(evidence.tests(0).measured().result(),
                                             evidence.tests(1).measured().result());
    evidence.mutable_transcript()->set_signature(
        ToString(signer.Sign(BandwidthTranscriptDigest(domain_, id_, digest_, hash))));
  }

  v1::BandwidthEvidence::Test& Test(v1::Direction direction) {
    return *closed_.mutable_bandwidth()->mutable_tests(direction == v1::DOWN ? 0 : 1);
  }
  /// The device says this, and signs it.
  Judgement Saying(v1::Direction direction, const std::string& result) {
    Test(direction).mutable_measured()->set_result(result);
    Sign(device_key_);
    return Judged();
  }
  /// The line that the checker's end writes when it counts this over a second.
  static std::string CheckerLine(std::uint64_t bytes, std::uint64_t us = 1'000'000) {
    return absl::StrCat(R"({"link":{"out_bytes":)", bytes, R"(,"in_bytes":)", bytes,
                        R"(,"elapsed_us":1000000},"iperf":{"end":{"sum_sent":{"bytes":)", bytes,
                        R"(,"seconds":)", us, R"(e-6},"sum_received":{"bytes":)", bytes,
                        R"(,"seconds":)", us, "e-6}}}}");
  }

  static constexpr std::uint64_t kClaimedDownBytes = 100'000'000 / 8;
  static constexpr std::uint64_t kClaimedUpBytes = 20'000'000 / 8;
};

TEST_F(BandwidthJudge, PassesWhatBothEndsCounted) {
  EXPECT_EQ(Judged(), Passed());
}

TEST_F(BandwidthJudge, PassesASlowDevice) {
  Test(v1::DOWN).set_checker_result(CheckerLine(1000));
  Test(v1::UP).set_checker_result(CheckerLine(0));
  EXPECT_EQ(Judged(), Passed());  // the score says how slow
}

TEST_F(BandwidthJudge, PassesADeviceThatReportsTenTimesWhatItReceived) {
  EXPECT_EQ(Saying(v1::DOWN, CheckerLine(250'347'520)), Passed());
  EXPECT_EQ(RatesOf(closed_.bandwidth())->down_bits_per_second, 200'276'814u);
}

TEST_F(BandwidthJudge, PassesADeviceThatReportsLess) {
  EXPECT_EQ(Saying(v1::DOWN, CheckerLine(1'000'006)), Passed());
  EXPECT_EQ(RatesOf(closed_.bandwidth())->down_bits_per_second, 8'000'000u);
}

TEST_F(BandwidthJudge, CallsAResultThatCannotBeReadMalformed) {
  const std::string honest = ReadLine("device_down");
  EXPECT_EQ(Saying(v1::DOWN, honest.substr(0, honest.size() / 2)), Failed(v1::MALFORMED));
  EXPECT_EQ(Saying(v1::DOWN, ""), Failed(v1::MALFORMED));
  EXPECT_EQ(Saying(v1::DOWN, honest + std::string(kMostBandwidthResultBytes, ' ')),
            Failed(v1::MALFORMED));
  EXPECT_EQ(Saying(v1::DOWN, R"({"iperf":{"end":{"sum_sent":{"bytes":1,"seconds":1}}}})"),
            Failed(v1::MALFORMED));
  EXPECT_EQ(Saying(v1::DOWN, honest), Passed());
  EXPECT_EQ(Saying(v1::UP, "{}"), Failed(v1::MALFORMED));
}

TEST_F(BandwidthJudge, WantsTheResultsSignedByTheDevice) {
  Sign(slot_key_);
  EXPECT_EQ(Judged(), Failed(v1::SIGNATURE_INVALID));
  Sign(device_key_);
  closed_.mutable_bandwidth()->mutable_transcript()->clear_signature();
  EXPECT_EQ(Judged(), Failed(v1::SIGNATURE_INVALID));
}

TEST_F(BandwidthJudge, WantsTheVeryResultsSigned) {
  for (const v1::Direction direction : {v1::DOWN, v1::UP}) {
    const v1::ChallengeClosed before = closed_;
    Test(direction).mutable_measured()->mutable_result()->append(" ");
    EXPECT_EQ(Judged(), Failed(v1::SIGNATURE_INVALID));
    closed_ = before;
  }
}

TEST_F(BandwidthJudge, WantsATranscriptOfThisChallenge) {
  issued_.mutable_challenge()->mutable_challenge()->set_epoch(8);
  EXPECT_EQ(Judged(), Failed(v1::SIGNATURE_INVALID));
}

TEST_F(BandwidthJudge, CallsATestThatWasCutShortMalformed) {
  Test(v1::DOWN).set_checker_result(CheckerLine(kClaimedDownBytes, 950'000));
  Test(v1::UP).set_checker_result(CheckerLine(kClaimedUpBytes, 950'000));
  EXPECT_EQ(Judged(), Passed());
  Test(v1::DOWN).set_checker_result(CheckerLine(kClaimedDownBytes, 949'999));
  EXPECT_EQ(Judged(), Failed(v1::MALFORMED));
  Test(v1::DOWN).set_checker_result(CheckerLine(kClaimedDownBytes));
  Test(v1::UP).set_checker_result(CheckerLine(kClaimedUpBytes, 100'000));  // one burst
  EXPECT_EQ(Judged(), Failed(v1::MALFORMED));
}

TEST_F(BandwidthJudge, FailsNobodyWhenTheCheckersOwnCountIsMissing) {
  const std::vector<std::function<void(v1::BandwidthEvidence&)>> changes = {
      [](auto& e) { e.clear_tests(); },
      [](auto& e) { e.mutable_tests()->RemoveLast(); },
      [](auto& e) { *e.add_tests() = e.tests(0); },
      [](auto& e) { e.mutable_tests()->SwapElements(0, 1); },
      [](auto& e) { e.mutable_tests(0)->clear_checker_result(); },
      [](auto& e) { e.mutable_tests(1)->set_checker_result("{\"iperf\":{\"error\":\"x\"}}"); },
      [](auto& e) { e.mutable_tests(1)->clear_measured(); },
      [](auto& e) { e.mutable_tests(1)->mutable_measured()->set_direction(v1::DOWN); },
      [](auto& e) { e.clear_transcript(); }};
  const v1::ChallengeClosed honest = closed_;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    changes[i](*closed_.mutable_bandwidth());
    EXPECT_EQ(Judged(), Inconclusive(v1::STOPPED)) << "change " << i;
    closed_ = honest;
  }
  closed_.clear_bandwidth();
  EXPECT_EQ(Judged(), Inconclusive(v1::STOPPED));
}

TEST_F(BandwidthJudge, BlamesTheCheckersFullLineForALowRate) {
  // 90 % of 50 Mbit/s is the least that is full; 100 Mbit/s are claimed.
  closed_.mutable_bandwidth()->set_checker_out_bits_per_second(50'000'000);
  Test(v1::DOWN).set_checker_result(CheckerLine(45'000'000 / 8));
  EXPECT_EQ(Judged(), Inconclusive(v1::UPLINK_SATURATED));
  Test(v1::DOWN).set_checker_result(CheckerLine(45'000'000 / 8 - 1));
  EXPECT_EQ(Judged(), Passed());
  closed_.mutable_bandwidth()->set_checker_out_bits_per_second(0);
  Test(v1::DOWN).set_checker_result(CheckerLine(45'000'000 / 8));
  EXPECT_EQ(Judged(), Passed());  // what the line carries is not known
}

TEST_F(BandwidthJudge, BlamesTheCheckersFullLineInItsOwnDirectionAlone) {
  closed_.mutable_bandwidth()->set_checker_in_bits_per_second(10'000'000);
  Test(v1::UP).set_checker_result(CheckerLine(9'000'000 / 8));
  EXPECT_EQ(Judged(), Inconclusive(v1::UPLINK_SATURATED));
  closed_.mutable_bandwidth()->set_checker_in_bits_per_second(0);
  closed_.mutable_bandwidth()->set_checker_out_bits_per_second(10'000'000);
  Test(v1::DOWN).set_checker_result(CheckerLine(kClaimedDownBytes));
  EXPECT_EQ(Judged(), Passed());
}

TEST_F(BandwidthJudge, TakesAFullLineThatBroughtWhatCounts) {
  closed_.mutable_bandwidth()->set_checker_out_bits_per_second(100'000'000);
  Test(v1::DOWN).set_checker_result(CheckerLine(kClaimedDownBytes));
  EXPECT_EQ(Judged(), Passed());
  // The device claims more than counts.
  policy_.bandwidth.counted_bits_per_second = 50'000'000;
  closed_.mutable_bandwidth()->set_checker_out_bits_per_second(55'000'000);
  Test(v1::DOWN).set_checker_result(CheckerLine(50'000'000 / 8));
  EXPECT_EQ(Judged(), Passed());
}

TEST_F(BandwidthJudge, ExcusesNoBadResultByAFullLine) {
  closed_.mutable_bandwidth()->set_checker_out_bits_per_second(50'000'000);
  Test(v1::DOWN).set_checker_result(CheckerLine(45'000'000 / 8));
  EXPECT_EQ(Saying(v1::DOWN, "{"), Failed(v1::MALFORMED));
}

TEST_F(BandwidthJudge, NamesWhatBecameOfTheCall) {
  const std::vector<std::pair<v1::Transport, v1::Reason>> cases = {
      {v1::NO_CONNECTION, v1::UNREACHABLE}, {v1::BROKEN, v1::UNREACHABLE},
      {v1::DEADLINE, v1::TIMED_OUT},        {v1::VIOLATION, v1::MALFORMED},
      {v1::DECLINED, v1::REFUSED},
  };
  for (const auto& [transport, reason] : cases) {
    Lose(transport);
    EXPECT_EQ(Judged(), Failed(reason));
  }
  Lose(v1::NO_CONNECTION);
  closed_.clear_reachability();
  EXPECT_EQ(Judged(), Inconclusive(v1::CHECKER_OFFLINE));
  closed_.set_transport(v1::ABANDONED);  // what the checker's own end could not do
  EXPECT_EQ(Judged(), Inconclusive(v1::CHECKER_OVERLOADED));
}

/// Refusals by a device that is asked for a test.
class BusyLine : public JudgeCase {
 protected:
  BusyLine() {
    Issue(v1::BANDWIDTH);
    closed_.set_transport(v1::DECLINED);
    closed_.set_elapsed_ms(20'000);
  }

  Judgement Showing(const v1::SignedChallenge& shown) {
    *closed_.mutable_refusal()->mutable_running() = shown;
    return Judged();
  }
  /// Our own slot's challenge to another device, due when ours was.
  v1::SignedChallenge OwnChallenge(std::uint32_t device) const {
    v1::SignedChallenge challenge =
        MakeChallenge(key_, SampleScope(), kBeaconMs, {1000, device, 0, v1::BANDWIDTH},
                      *FindDevice(roster_, device), policy_);
    SignChallenge(slot_key_, domain_, challenge);
    return challenge;
  }
  v1::SignedChallenge Others(std::uint32_t due_ms = 900) const {
    return OthersChallenge(due_ms, v1::BANDWIDTH);
  }
  v1::SignedChallenge OthersWith(const std::function<void(v1::Challenge&)>& change) const {
    v1::SignedChallenge shown = Others();
    change(*shown.mutable_challenge());
    SignChallenge(other_slot_key_, domain_, shown);
    return shown;
  }
};

TEST_F(BusyLine, ExcusesByAnotherSlotsTest) {
  EXPECT_EQ(Showing(Others()), Inconclusive(v1::DEVICE_CHALLENGED));
}

TEST_F(BusyLine, ExcusesByATestOfAnotherDeviceBehindTheSameEndpoint) {
  EXPECT_EQ(Showing(OwnChallenge(6)), Inconclusive(v1::DEVICE_CHALLENGED));
  EXPECT_EQ(Showing(OthersWith([](auto& c) { c.set_device(6); })),
            Inconclusive(v1::DEVICE_CHALLENGED));
  roster_.mutable_devices(1)->set_endpoint("127.0.0.2:7000");
  EXPECT_EQ(Showing(OwnChallenge(6)), Failed(v1::REFUSED));
}

TEST_F(BusyLine, ExcusesByATestOfADeviceThatOnlyTheOtherSlotChecks) {
  EXPECT_EQ(Showing(OthersWith([](auto& c) { c.set_device(77); })),
            Inconclusive(v1::DEVICE_CHALLENGED));
}

TEST_F(BusyLine, ExcusesByNoTestOfOurOwnToThisDevice) {
  EXPECT_EQ(Showing(issued_.challenge()), Failed(v1::REFUSED));
  EXPECT_EQ(Showing(OwnChallenge(5)), Failed(v1::REFUSED));
}

TEST_F(BusyLine, ExcusesByNoChallengeOfAnotherKindSlotOrEpoch) {
  EXPECT_EQ(Showing(OthersChallenge(900)), Failed(v1::REFUSED));  // matmul
  EXPECT_EQ(Showing(OthersWith([](auto& c) { c.set_epoch(6); })), Failed(v1::REFUSED));
  EXPECT_EQ(Showing(OthersWith([](auto& c) { c.set_slot(4); })), Failed(v1::REFUSED));
  v1::SignedChallenge forged = Others();
  SignChallenge(device_key_, domain_, forged);
  EXPECT_EQ(Showing(forged), Failed(v1::REFUSED));
  v1::SignedChallenge foreign = Others();
  SignChallenge(other_slot_key_, {1, domain_.contract}, foreign);
  EXPECT_EQ(Showing(foreign), Failed(v1::REFUSED));
}

TEST_F(BusyLine, ExcusesByNoTestThatHasExpiredOrIsNotDueYet) {
  // Expires slack and 72 s after it was due; asked at 1010 and refused at 21010, clocks 2000 apart.
  const std::uint32_t most_ms = 2000 + MostBandwidthMs(BandwidthParamsOf(Others()));
  EXPECT_EQ(most_ms, 74'000u);
  EXPECT_EQ(Showing(Others(23'010)), Inconclusive(v1::DEVICE_CHALLENGED));
  EXPECT_EQ(Showing(Others(23'011)), Failed(v1::REFUSED));
  closed_.set_due_ms(900 + most_ms);
  closed_.set_sent_ms(900 + most_ms);
  EXPECT_EQ(Showing(Others(900)), Inconclusive(v1::DEVICE_CHALLENGED));
  closed_.set_sent_ms(900 + most_ms + 1);
  EXPECT_EQ(Showing(Others(900)), Failed(v1::REFUSED));
}

TEST_F(BusyLine, CountsTheTimeOfTheShownTestByItsOwnTerms) {
  // A device in service is tested for 2 s each way: 6 s less than the one that is asked.
  roster_.mutable_devices(1)->set_phase(v1::IN_SERVICE);
  EpochScope scope = SampleScope();
  scope.slot = 9;
  const auto shorter = [&](std::uint32_t due_ms) {
    v1::SignedChallenge made = MakeChallenge(key_, scope, kBeaconMs, {due_ms, 6, 0, v1::BANDWIDTH},
                                             roster_.devices(1), policy_);
    SignChallenge(other_slot_key_, domain_, made);
    return made;
  };
  EXPECT_EQ(Showing(shorter(23'010)), Inconclusive(v1::DEVICE_CHALLENGED));
  EXPECT_EQ(Showing(shorter(23'011)), Failed(v1::REFUSED));
}

TEST_F(BusyLine, ExcusesNoProofByATest) {
  Issue(v1::MATMUL);
  closed_.set_transport(v1::DECLINED);
  EXPECT_EQ(Showing(Others()), Failed(v1::REFUSED));
}

}  // namespace
}  // namespace kaisar::challenges
