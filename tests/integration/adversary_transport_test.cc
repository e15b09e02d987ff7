// Devices that are late, silent, endless, huge, slow, or somebody else; and what that costs others.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "challenges/judge.h"
#include "tests/integration/adversary_arena.h"

namespace kaisar::testing {
namespace {

std::string Tell(const Outcome& outcome) {
  return v1::Verdict_Name(outcome.judgement.verdict) + " " +
         v1::Reason_Name(outcome.judgement.reason) + ": " + outcome.judgement.detail + " (" +
         v1::Transport_Name(outcome.closed.transport()) + ": " + outcome.closed.detail() + ", " +
         std::to_string(outcome.closed.elapsed_ms()) + " ms)";
}

class AdversaryTransport : public ::testing::Test {
 protected:
  Outcome ExpectFailure(const char* behaviour, v1::Kind kind, v1::Reason reason) {
    Outcome outcome = arena_.Run(arena_.Add(behaviour), kind);
    EXPECT_EQ(outcome.judgement.verdict, v1::FAIL) << Tell(outcome);
    EXPECT_EQ(outcome.judgement.reason, reason) << Tell(outcome);
    return outcome;
  }

  Arena arena_;
};

using AdversaryMatmulTransport = AdversaryTransport;
using AdversaryLatency = AdversaryTransport;

TEST_F(AdversaryMatmulTransport, ACommitmentAfterItsDeadlineIsLate) {
  const Outcome outcome = ExpectFailure("commitment-after=1700", v1::MATMUL, v1::COMMITMENT_LATE);
  EXPECT_TRUE(outcome.commitment.has_value()) << Tell(outcome);
}

TEST_F(AdversaryMatmulTransport, ASilentDeviceTimesOut) {
  const Outcome outcome = ExpectFailure("silent", v1::MATMUL, v1::TIMED_OUT);
  EXPECT_LT(outcome.closed.elapsed_ms(),
            Arena::kConnectDeadlineMs + Arena::kCommitmentDeadlineMs + Arena::kGraceMs + 500);
}

TEST_F(AdversaryMatmulTransport, SilenceAfterTheCommitmentIsARefusedOpening) {
  ExpectFailure("silent-after-commitment", v1::MATMUL, v1::OPENING_REFUSED);
}

TEST_F(AdversaryMatmulTransport, AnOpeningAfterItsDeadlineIsRefused) {
  ExpectFailure("opening-after=1500", v1::MATMUL, v1::OPENING_REFUSED);
}

TEST_F(AdversaryMatmulTransport, MessagesWithoutEndAreMalformed) {
  ExpectFailure("endless", v1::MATMUL, v1::MALFORMED);
}

TEST_F(AdversaryMatmulTransport, AHugeMessageIsMalformed) {
  ExpectFailure("huge-message=16000000", v1::MATMUL, v1::MALFORMED);
}

TEST_F(AdversaryMatmulTransport, ASlowDripTimesOut) {
  ExpectFailure("slow-drip=200", v1::MATMUL, v1::TIMED_OUT);
}

TEST_F(AdversaryMatmulTransport, AStreamClosedHalfWayIsARefusedOpening) {
  ExpectFailure("close-half-way", v1::MATMUL, v1::OPENING_REFUSED);
}

TEST_F(AdversaryMatmulTransport, AResetStreamIsAFailure) {
  ExpectFailure("reset", v1::MATMUL, v1::UNREACHABLE);
}

TEST_F(AdversaryMatmulTransport, PingsAnsweredLateGainNoMoreThanATenth) {
  const Outcome outcome = arena_.Run(arena_.Add("late-pings=120"), v1::MATMUL);
  ASSERT_EQ(outcome.judgement.verdict, v1::PASS) << Tell(outcome);
  const auto& rtts = outcome.commitment->ping_rtt_ns();
  EXPECT_GE(*std::min_element(rtts.begin(), rtts.end()), 110'000'000U);
  const challenges::MatmulShape shape{.n = 256, .rounds = 3};
  const std::uint64_t elapsed_ns = outcome.commitment->elapsed_ns();
  const std::uint64_t most = shape.operations() * 1'000'000'000 / (elapsed_ns / 10 * 9);
  EXPECT_LE(challenges::MatmulRate(shape, *outcome.commitment), most + 1);
}

TEST_F(AdversaryMatmulTransport, UnansweredPingsTimeOut) {
  ExpectFailure("drop-pings=100", v1::MATMUL, v1::TIMED_OUT);
}

TEST_F(AdversaryMatmulTransport, AWrongEchoBeforeTheChallengeIsMalformed) {
  ExpectFailure("wrong-echo", v1::MATMUL, v1::MALFORMED);
}

TEST_F(AdversaryMatmulTransport, AnotherTlsKeyIsUnreachable) {
  const Outcome outcome = ExpectFailure("other-tls-key", v1::MATMUL, v1::UNREACHABLE);
  EXPECT_EQ(outcome.closed.transport(), v1::NO_CONNECTION) << Tell(outcome);
}

TEST_F(AdversaryMatmulTransport, AStolenCertificateIsUnreachable) {
  const Outcome outcome = ExpectFailure("stolen-certificate", v1::MATMUL, v1::UNREACHABLE);
  EXPECT_EQ(outcome.closed.transport(), v1::NO_CONNECTION) << Tell(outcome);
}

TEST_F(AdversaryLatency, AnHonestDevicePasses) {
  const Outcome outcome = arena_.Run(arena_.Add("honest"), v1::LATENCY);
  EXPECT_EQ(outcome.judgement.verdict, v1::PASS) << Tell(outcome);
  EXPECT_EQ(outcome.closed.latency().echoes_size(), 8);
}

TEST_F(AdversaryLatency, ASilentDeviceTimesOut) {
  ExpectFailure("silent", v1::LATENCY, v1::TIMED_OUT);
}

TEST_F(AdversaryLatency, SilenceAtTheEndTimesOut) {
  ExpectFailure("silent-after-commitment", v1::LATENCY, v1::TIMED_OUT);
}

TEST_F(AdversaryLatency, DroppingMostPingsIsAFailure) {
  ExpectFailure("drop-pings=75", v1::LATENCY, v1::TIMED_OUT);
}

TEST_F(AdversaryLatency, DroppingFewPingsPassesAndIsCounted) {
  const Outcome outcome = arena_.Run(arena_.Add("drop-pings=25"), v1::LATENCY);
  EXPECT_EQ(outcome.judgement.verdict, v1::PASS) << Tell(outcome);
  EXPECT_EQ(challenges::Summarize(outcome.closed.latency(), 8).lost, 2U);
}

TEST_F(AdversaryLatency, AWrongEchoIsMalformed) {
  ExpectFailure("wrong-echo", v1::LATENCY, v1::MALFORMED);
}

TEST_F(AdversaryLatency, ARepeatedEchoIsMalformed) {
  ExpectFailure("repeated-echo", v1::LATENCY, v1::MALFORMED);
}

TEST_F(AdversaryLatency, AnUnsignedTranscriptIsRejected) {
  ExpectFailure("unsigned-transcript", v1::LATENCY, v1::SIGNATURE_INVALID);
}

TEST_F(AdversaryLatency, ATranscriptOfOtherNoncesIsRejected) {
  ExpectFailure("wrong-transcript", v1::LATENCY, v1::SIGNATURE_INVALID);
}

TEST_F(AdversaryLatency, AnotherDevicesSignatureIsRejected) {
  ExpectFailure("foreign-key-signature", v1::LATENCY, v1::SIGNATURE_INVALID);
}

TEST_F(AdversaryLatency, AnAnswerToAnotherChallengeIsRejected) {
  ExpectFailure("other-device-answer", v1::LATENCY, v1::SIGNATURE_INVALID);
}

TEST_F(AdversaryLatency, MessagesWithoutEndAreMalformed) {
  ExpectFailure("endless", v1::LATENCY, v1::MALFORMED);
}

TEST_F(AdversaryLatency, AHugeMessageIsMalformed) {
  ExpectFailure("huge-message=16000000", v1::LATENCY, v1::MALFORMED);
}

TEST_F(AdversaryLatency, ASlowDripTimesOut) {
  ExpectFailure("slow-drip=50", v1::LATENCY, v1::TIMED_OUT);
}

TEST_F(AdversaryLatency, AResetStreamIsAFailure) {
  ExpectFailure("reset", v1::LATENCY, v1::UNREACHABLE);
}

TEST_F(AdversaryLatency, ARefusalIsAFailure) {
  ExpectFailure("refuse", v1::LATENCY, v1::REFUSED);
}

TEST_F(AdversaryLatency, LatePingsAreSeenAsLatency) {
  const Outcome outcome = arena_.Run(arena_.Add("late-pings=80"), v1::LATENCY);
  ASSERT_EQ(outcome.judgement.verdict, v1::PASS) << Tell(outcome);
  EXPECT_GE(challenges::Summarize(outcome.closed.latency(), 8).median_us, 75'000U);
}

// Eight hostile devices at once, and what an honest one sees of it meanwhile.
TEST_F(AdversaryTransport, HostileDevicesDelayNoHonestOne) {
  const std::uint32_t honest = arena_.Add("honest");
  std::vector<std::uint32_t> hostile;
  for (const char* behaviour :
       {"silent", "endless", "huge-message=64000000", "slow-drip=100", "silent-after-commitment",
        "opening-after=900", "late-pings=900", "other-tls-key"}) {
    hostile.push_back(arena_.Add(behaviour));
  }
  // Limits far above what the devices' own CPU use costs on a busy machine, and far below the
  // deadlines that a wait for one of them would take. The first call also shakes hands.
  arena_.Run(honest, v1::LATENCY);
  std::vector<std::future<Outcome>> running;
  for (const std::uint32_t device : hostile) {
    running.push_back(arena_.Start(device, v1::MATMUL));
    running.push_back(arena_.Start(device, v1::LATENCY));
  }
  for (int i = 0; i < 5; ++i) {
    const Outcome latency = arena_.Run(honest, v1::LATENCY);
    EXPECT_EQ(latency.judgement.verdict, v1::PASS) << Tell(latency);
    EXPECT_LT(challenges::Summarize(latency.closed.latency(), 8).median_us, 100'000U);
    const Outcome matmul = arena_.Run(honest, v1::MATMUL);
    EXPECT_EQ(matmul.judgement.verdict, v1::PASS) << Tell(matmul);
    EXPECT_LT(matmul.closed.elapsed_ms(), 500U);
  }
  for (std::future<Outcome>& future : running) future.get();
}

// One pinned connection serves many devices of one provider; a silent one must not hold up another.
TEST_F(AdversaryTransport, DevicesOfOneProviderDoNotHoldUpEachOther) {
  const std::uint32_t first = arena_.Add("silent:1");
  const std::uint32_t second = arena_.AddBehind(first);
  std::future<Outcome> silent = arena_.Start(first, v1::LATENCY);
  const Outcome outcome = arena_.Run(second, v1::LATENCY);
  EXPECT_EQ(outcome.judgement.verdict, v1::PASS) << Tell(outcome);
  EXPECT_EQ(silent.get().judgement.reason, v1::TIMED_OUT);
}

}  // namespace
}  // namespace kaisar::testing
