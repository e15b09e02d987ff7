#include "audit/score.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace kaisar::audit {
namespace {

using ::testing::HasSubstr;

challenges::Policy SomePolicy() {
  challenges::Policy policy;
  policy.samples = 4;
  policy.latency = {4, 10, 5000, 20'000, 120'000};
  policy.classes["cpu"] = {256, 2, 30'000, 5000};
  policy.phases[v1::STANDBY][v1::LATENCY] = {10, 1, 2};
  policy.phases[v1::STANDBY][v1::MATMUL] = {10, 3, 2};
  policy.phases[v1::IN_SERVICE][v1::LATENCY] = {10, 1, 2};
  return policy;
}

v1::Roster SomeRoster(std::uint64_t claim = 1'000'000) {
  v1::Roster roster;
  for (std::uint32_t id = 1; id <= 2; ++id) {
    v1::Device& device = *roster.add_devices();
    device.set_id(id);
    device.set_device_class("cpu");
    device.set_phase(id == 1 ? v1::STANDBY : v1::IN_SERVICE);
    device.set_ops_per_second(claim);
  }
  return roster;
}

/// n = 256, R = 2: 67,108,864 operations. Without pings the whole time counts.
constexpr std::uint64_t kOperations = 67'108'864;

class Scoring : public ::testing::Test {
 protected:
  void Latency(std::uint32_t median_us, std::uint32_t device = 1) {
    v1::ChallengeClosed closed = Closed(v1::LATENCY, v1::PASS, v1::NONE, device);
    for (std::uint32_t i = 0; i < 4; ++i) {
      v1::LatencyEvidence::Echo& echo = *closed.mutable_latency()->add_echoes();
      echo.set_ping(i);
      echo.set_rtt_us(i == 3 ? median_us * 10 : median_us);
    }
    scorer_.Add(closed, nullptr);
  }
  void Matmul(std::uint64_t elapsed_ns) {
    v1::CommitmentReceived commitment;
    commitment.set_elapsed_ns(elapsed_ns);
    scorer_.Add(Closed(v1::MATMUL, v1::PASS, v1::NONE), &commitment);
  }
  void Fail(v1::Kind kind, v1::Reason reason) {
    scorer_.Add(Closed(kind, v1::FAIL, reason), nullptr);
  }
  void Skip(v1::Kind kind, v1::Reason reason) {
    scorer_.Add(Closed(kind, v1::INCONCLUSIVE, reason), nullptr);
  }
  DeviceScore First() { return scorer_.Scores().front(); }

  static v1::ChallengeClosed Closed(v1::Kind kind, v1::Verdict verdict, v1::Reason reason,
                                    std::uint32_t device = 1) {
    v1::ChallengeClosed closed;
    closed.set_device(device);
    closed.set_kind(kind);
    closed.set_verdict(verdict);
    closed.set_reason(reason);
    return closed;
  }

  const v1::Roster roster_ = SomeRoster();
  const challenges::Policy policy_ = SomePolicy();
  Scorer scorer_{roster_, policy_};
  static constexpr std::uint64_t kFullSpeedNs = kOperations * 1000;  // exactly the claim
};

TEST_F(Scoring, FullMarksForTheClaimedRateAtTheTargetRtt) {
  Latency(20'000);
  Latency(20'000);
  Matmul(kFullSpeedNs);
  Matmul(kFullSpeedNs);
  const DeviceScore score = First();
  EXPECT_EQ(score.score, 200);
  EXPECT_EQ(score.availability_ppm, 1'000'000u);
  EXPECT_EQ(score.compute_ppm, 1'000'000u);
  EXPECT_EQ(score.latency_ppm, 1'000'000u);
  EXPECT_EQ(score.median_ops_per_second, 1'000'000u);
  EXPECT_EQ(score.explanation, "");
}

TEST_F(Scoring, RateAboveTheClaimGainsNothing) {
  Latency(1);
  Latency(1);
  Matmul(kFullSpeedNs / 3);
  Matmul(kFullSpeedNs / 3);
  EXPECT_EQ(First().compute_ppm, 1'000'000u);
  EXPECT_GE(First().median_ops_per_second, 3'000'000u);
}

TEST_F(Scoring, RoundsDownAtEveryStep) {
  Latency(20'001);  // (120000 - 20001) / 100000 = 0.99999
  Latency(20'001);
  Matmul(kFullSpeedNs + 1000);  // the rate is a little below the claim of 1000000
  Matmul(kFullSpeedNs + 1000);
  const DeviceScore score = First();
  EXPECT_EQ(score.median_ops_per_second, 999'999u);
  EXPECT_EQ(score.compute_ppm, 999'999u);
  EXPECT_EQ(score.latency_ppm, 999'990u);
  EXPECT_EQ(score.quality_ppm, (3u * 999'999 + 999'990) / 4);
  EXPECT_EQ(score.score, 199);
}

TEST_F(Scoring, LatencyShareFallsInAStraightLineFromTargetToLimit) {
  for (const auto& [rtt_us, share_ppm] :
       std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 1'000'000},
                                                            {20'000, 1'000'000},
                                                            {45'000, 750'000},
                                                            {70'000, 500'000},
                                                            {119'999, 10},
                                                            {120'000, 0},
                                                            {4'000'000, 0}}) {
    Scorer scorer(roster_, policy_);
    v1::ChallengeClosed closed = Closed(v1::LATENCY, v1::PASS, v1::NONE);
    closed.mutable_latency()->add_echoes()->set_rtt_us(rtt_us);
    scorer.Add(closed, nullptr);
    EXPECT_EQ(scorer.Scores().front().latency_ppm, share_ppm) << rtt_us;
  }
}

TEST_F(Scoring, MedianOfAnEvenNumberIsTheLowerOne) {
  Latency(30'000);
  Latency(10'000);
  Latency(50'000);
  Latency(20'000);
  Matmul(kFullSpeedNs * 2);
  Matmul(kFullSpeedNs * 4);
  EXPECT_EQ(First().median_rtt_us, 20'000u);
  EXPECT_EQ(First().median_ops_per_second, 250'000u);
  EXPECT_EQ(First().compute_ppm, 250'000u);
}

TEST_F(Scoring, FailedMatmulCountsAsZeroAndFailedLatencyAsNotAnswered) {
  Latency(20'000);
  Latency(20'000);
  Latency(20'000);
  Fail(v1::LATENCY, v1::TIMED_OUT);
  Matmul(kFullSpeedNs);
  Matmul(kFullSpeedNs);
  Fail(v1::MATMUL, v1::COMMITMENT_LATE);
  Fail(v1::MATMUL, v1::REFUSED);
  const DeviceScore score = First();
  EXPECT_EQ(score.availability_ppm, 750'000u);
  EXPECT_EQ(score.median_rtt_us, 20'000u);
  EXPECT_EQ(score.compute_ppm, 0u);  // 0 0 1 1
  EXPECT_EQ(score.quality_ppm, 0u);  // at most the compute share
  EXPECT_EQ(score.score, 0);
  EXPECT_EQ(score.passed, 5u);
  EXPECT_EQ(score.failed, 3u);
  EXPECT_EQ(score.reasons.at(v1::TIMED_OUT), 1u);
}

TEST_F(Scoring, InconclusiveMovesNoScore) {
  Latency(20'000);
  Latency(20'000);
  Matmul(kFullSpeedNs);
  Matmul(kFullSpeedNs);
  for (const v1::Reason reason : {v1::CHECKER_OFFLINE, v1::CHECKER_OVERLOADED, v1::DEVICE_BUSY,
                                  v1::DEVICE_CHALLENGED, v1::CLOCK_STEPPED, v1::STOPPED}) {
    Skip(v1::LATENCY, reason);
    Skip(v1::MATMUL, reason);
  }
  EXPECT_EQ(First().score, 200);
  EXPECT_EQ(First().inconclusive, 12u);
}

TEST_F(Scoring, TooLittleEvidenceOfAnyKindLeavesTheDeviceOut) {
  Latency(20'000);
  Latency(20'000);
  Matmul(kFullSpeedNs);
  Skip(v1::MATMUL, v1::STOPPED);
  EXPECT_EQ(First().score, std::nullopt);
  EXPECT_EQ(First().explanation,
            "left out: 1 conclusive matmul challenges of the 2 needed (1 STOPPED)");
  Fail(v1::MATMUL, v1::TIMED_OUT);  // a failure is evidence, too
  EXPECT_EQ(First().score, 0);      // compute: the lower one of 0 and 1
}

TEST_F(Scoring, ClaimingMoreThanOneHasGainsNothing) {
  // Pay is claim times score: with four times the rate claimed, a quarter of the score.
  for (int i = 0; i < 4; ++i) {
    Latency(20'000);
    Matmul(4 * kFullSpeedNs);
  }
  EXPECT_EQ(First().compute_ppm, 250'000u);
  EXPECT_EQ(First().latency_ppm, 1'000'000u);
  EXPECT_EQ(First().quality_ppm, 250'000u);
  EXPECT_EQ(First().score, 50);
}

TEST_F(Scoring, OneWrongProofMakesTheScoreZero) {
  for (int i = 0; i < 50; ++i) {
    Latency(20'000);
    Matmul(kFullSpeedNs);
  }
  Fail(v1::MATMUL, v1::PROOF_INVALID);
  EXPECT_EQ(First().score, 0);
  EXPECT_TRUE(First().proof_invalid);
  EXPECT_EQ(First().explanation, "a wrong proof makes the score 0 (1 PROOF_INVALID)");
}

TEST_F(Scoring, WrongProofCountsEvenWithTooLittleEvidence) {
  Fail(v1::MATMUL, v1::PROOF_INVALID);
  EXPECT_EQ(First().score, 0);
}

TEST_F(Scoring, DeviceInServiceIsScoredByLatencyAlone) {
  Latency(70'000, 2);
  Latency(70'000, 2);
  const DeviceScore score = scorer_.Scores().back();
  EXPECT_EQ(score.quality_ppm, 500'000u);
  EXPECT_EQ(score.score, 100);
  EXPECT_EQ(score.explanation, "median RTT 70.0 ms is above the target of 20.0 ms");
}

TEST_F(Scoring, DeviceThatAnswersNothingScoresZero) {
  for (int i = 0; i < 3; ++i) {
    Fail(v1::LATENCY, v1::UNREACHABLE);
    Fail(v1::MATMUL, v1::UNREACHABLE);
  }
  EXPECT_EQ(First().score, 0);
  EXPECT_EQ(First().availability_ppm, 0u);
  EXPECT_THAT(First().explanation, HasSubstr("answered 0.0 % of the latency challenges"));
  EXPECT_THAT(First().explanation, HasSubstr("(6 UNREACHABLE)"));
}

TEST_F(Scoring, ListsAllDevicesOfTheRosterAndNoOther) {
  scorer_.Add(Closed(v1::LATENCY, v1::PASS, v1::NONE, 77), nullptr);
  const std::vector<DeviceScore> scores = scorer_.Scores();
  ASSERT_EQ(scores.size(), 2u);
  EXPECT_EQ(scores[0].device, 1u);
  EXPECT_EQ(scores[1].device, 2u);
  EXPECT_EQ(scores[0].passed, 0u);
}

/// Devices in standby of which bandwidth is asked, too: 100 Mbit/s down and 20 up are claimed, and
/// 50 count at most.
class BandwidthScoring : public ::testing::Test {
 protected:
  BandwidthScoring() {
    policy_.bandwidth = {1, 1, 1, 1000, 1000, 50'000'000};
    policy_.phases[v1::STANDBY] = {{v1::LATENCY, {10, 1, 1}}, {v1::BANDWIDTH, {3, 1, 1}}};
    roster_.mutable_devices(0)->set_down_bits_per_second(100'000'000);
    roster_.mutable_devices(0)->set_up_bits_per_second(20'000'000);
    v1::ChallengeClosed answered;
    answered.set_device(1);
    answered.set_kind(v1::LATENCY);
    answered.set_verdict(v1::PASS);
    answered.mutable_latency()->add_echoes()->set_rtt_us(1);
    scorer_.Add(answered, nullptr);
  }

  static std::string Line(std::uint64_t bits) {
    return absl::StrCat(R"({"iperf":{"end":{"sum_sent":{"bytes":)", bits / 8,
                        R"(,"seconds":1},"sum_received":{"bytes":)", bits / 8,
                        R"(,"seconds":1}}}})");
  }
  static v1::ChallengeClosed Closed(std::uint64_t down, std::uint64_t up) {
    v1::ChallengeClosed closed;
    closed.set_device(1);
    closed.set_kind(v1::BANDWIDTH);
    closed.set_verdict(v1::PASS);
    for (const v1::Direction direction : {v1::DOWN, v1::UP}) {
      v1::BandwidthEvidence::Test& test = *closed.mutable_bandwidth()->add_tests();
      test.set_direction(direction);
      test.set_checker_result(Line(direction == v1::DOWN ? down : up));
      test.mutable_measured()->set_result(test.checker_result());
    }
    return closed;
  }
  void Fail() {
    v1::ChallengeClosed closed = Closed(100'000'000, 100'000'000);
    closed.set_verdict(v1::FAIL);
    closed.set_reason(v1::UNREACHABLE);
    scorer_.Add(closed, nullptr);
  }
  void Measure(std::uint64_t down, std::uint64_t up) { scorer_.Add(Closed(down, up), nullptr); }
  DeviceScore First() { return scorer_.Scores().front(); }

  v1::Roster roster_ = SomeRoster();
  challenges::Policy policy_ = SomePolicy();
  Scorer scorer_{roster_, policy_};
};

TEST_F(BandwidthScoring, FullMarksForWhatCountsOfTheClaim) {
  Measure(50'000'000, 20'000'000);
  EXPECT_EQ(First().bandwidth_ppm, 1'000'000u);
  EXPECT_EQ(First().score, 200);
  EXPECT_EQ(First().explanation, "");
}

TEST_F(BandwidthScoring, TheWeakerDirectionCounts) {
  Measure(50'000'000, 5'000'000);
  EXPECT_EQ(First().bandwidth_ppm, 250'000u);
  EXPECT_EQ(First().quality_ppm, 625'000u);
  EXPECT_EQ(First().score, 125);
  EXPECT_EQ(First().explanation,
            "measured 50.0 Mbit/s down and 5.00 Mbit/s up, 25.0 % of what counts");
}

TEST_F(BandwidthScoring, TakesTheMedianOfEachDirection) {
  Measure(10'000'000, 20'000'000);
  Measure(20'000'000, 10'000'000);
  Measure(30'000'000, 15'000'000);
  Measure(40'000'000, 5'000'000);
  EXPECT_EQ(First().median_down_bits_per_second, 20'000'000u);
  EXPECT_EQ(First().median_up_bits_per_second, 10'000'000u);
  EXPECT_EQ(First().bandwidth_ppm, 400'000u);
}

TEST_F(BandwidthScoring, AFailedProbeCountsZero) {
  Measure(50'000'000, 20'000'000);
  Fail();
  EXPECT_EQ(First().bandwidth_ppm, 0u);  // the lower one of 0 and 1
  EXPECT_EQ(First().availability_ppm, 1'000'000u);
  Measure(50'000'000, 20'000'000);
  EXPECT_EQ(First().bandwidth_ppm, 1'000'000u);
}

TEST_F(BandwidthScoring, WhatNothingWasMeasuredOfHasNoShare) {
  EXPECT_EQ(First().bandwidth_ppm, 0u);
  EXPECT_EQ(First().score, std::nullopt);
  EXPECT_EQ(First().explanation, "left out: 0 conclusive bandwidth challenges of the 1 needed");
}

TEST_F(BandwidthScoring, ReadsTheRawResultsAndNothingElse) {
  v1::ChallengeClosed closed = Closed(50'000'000, 20'000'000);
  closed.mutable_bandwidth()->mutable_tests(0)->mutable_measured()->set_result(Line(500'000'000));
  scorer_.Add(closed, nullptr);
  EXPECT_EQ(First().median_down_bits_per_second, 50'000'000u);  // ten times as much gains nothing
  closed.mutable_bandwidth()->mutable_tests(1)->set_checker_result("{");
  scorer_.Add(closed, nullptr);
  EXPECT_EQ(First().median_up_bits_per_second, 0u);
}

TEST(ScoringLimits, LargestRatesAndClaimsDoNotOverflow) {
  challenges::Policy policy = SomePolicy();
  policy.classes["cpu"] = {32'768, 4096, 1, 1};
  for (const std::uint64_t claim : {std::uint64_t{1}, ~std::uint64_t{0}}) {
    const v1::Roster roster = SomeRoster(claim);
    Scorer scorer(roster, policy);
    v1::ChallengeClosed closed;
    closed.set_device(1);
    closed.set_kind(v1::MATMUL);
    closed.set_verdict(v1::PASS);
    v1::CommitmentReceived commitment;
    commitment.set_elapsed_ns(1);
    scorer.Add(closed, &commitment);
    EXPECT_EQ(scorer.Scores().front().median_ops_per_second, ~std::uint64_t{0});
    EXPECT_EQ(scorer.Scores().front().compute_ppm, 1'000'000u);
  }
}

}  // namespace
}  // namespace kaisar::audit
