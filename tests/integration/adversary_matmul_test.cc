// Devices that do less than the work, or open something else than was asked.
#include <gtest/gtest.h>

#include "tests/integration/adversary_arena.h"

namespace kaisar::testing {
namespace {

struct Expected {
  const char* behaviour;
  v1::Reason reason;
};

class AdversaryMatmul : public ::testing::Test {
 protected:
  /// Asks a device with this behaviour once and expects a failure with this reason.
  void ExpectFailure(const char* behaviour, v1::Reason reason, const char* detail) {
    const Outcome outcome = arena_.Run(arena_.Add(behaviour), v1::MATMUL);
    EXPECT_EQ(outcome.judgement.verdict, v1::FAIL) << Tell(outcome);
    EXPECT_EQ(outcome.judgement.reason, reason) << Tell(outcome);
    EXPECT_NE(outcome.judgement.detail.find(detail), std::string::npos) << Tell(outcome);
  }

  static std::string Tell(const Outcome& outcome) {
    return v1::Verdict_Name(outcome.judgement.verdict) + " " +
           v1::Reason_Name(outcome.judgement.reason) + ": " + outcome.judgement.detail + " (" +
           v1::Transport_Name(outcome.closed.transport()) + ": " + outcome.closed.detail() + ")";
  }

  Arena arena_;
};

TEST_F(AdversaryMatmul, AnHonestDevicePasses) {
  const Outcome outcome = arena_.Run(arena_.Add("honest"), v1::MATMUL);
  EXPECT_EQ(outcome.judgement.verdict, v1::PASS) << Tell(outcome);
  ASSERT_TRUE(outcome.commitment.has_value());
  EXPECT_EQ(outcome.commitment->ping_rtt_ns_size(), 8);
}

TEST_F(AdversaryMatmul, SkippingATenthOfTheProductsIsCaught) {
  ExpectFailure("skip-products=10", v1::PROOF_INVALID, "sample");
}

TEST_F(AdversaryMatmul, SkippingRoundsIsCaught) {
  ExpectFailure("skip-rounds", v1::PROOF_INVALID, "sample");
}

TEST_F(AdversaryMatmul, SkippingATenthOfTheRowsIsCaught) {
  ExpectFailure("skip-rows=10", v1::PROOF_INVALID, "sample");
}

TEST_F(AdversaryMatmul, ZerosInThePlaceOfTheProductAreCaught) {
  ExpectFailure("zeros", v1::PROOF_INVALID, "sample");
}

TEST_F(AdversaryMatmul, NoiseInThePlaceOfTheProductIsCaught) {
  ExpectFailure("noise", v1::PROOF_INVALID, "sample");
}

TEST_F(AdversaryMatmul, LosingTheLowestBitOfTheSumsIsCaught) {
  ExpectFailure("wrong-precision", v1::PROOF_INVALID, "sample");
}

TEST_F(AdversaryMatmul, AReplayedProofIsCaught) {
  const std::uint32_t device = arena_.Add("replay-last");
  const Outcome first = arena_.Run(device, v1::MATMUL);
  EXPECT_EQ(first.judgement.verdict, v1::PASS) << Tell(first);
  const Outcome second = arena_.Run(device, v1::MATMUL);
  EXPECT_EQ(second.judgement.reason, v1::PROOF_INVALID) << Tell(second);
}

TEST_F(AdversaryMatmul, SegmentsOfTheWrongSizeAreCaught) {
  ExpectFailure("wrong-size-opening", v1::PROOF_INVALID, "255 bytes");
}

TEST_F(AdversaryMatmul, AnEmptyOpeningIsCaught) {
  ExpectFailure("empty-opening", v1::PROOF_INVALID, "0 samples");
}

TEST_F(AdversaryMatmul, AnOpeningWithFewerSamplesIsCaught) {
  ExpectFailure("fewer-openings", v1::PROOF_INVALID, "63 samples");
}

TEST_F(AdversaryMatmul, AnOpeningWithMoreSamplesIsCaught) {
  ExpectFailure("more-openings", v1::PROOF_INVALID, "65 samples");
}

TEST_F(AdversaryMatmul, SamplesInAnotherOrderAreCaught) {
  ExpectFailure("swapped-openings", v1::PROOF_INVALID, "sample");
}

TEST_F(AdversaryMatmul, OneSampleInThePlaceOfAllIsCaught) {
  ExpectFailure("repeated-openings", v1::PROOF_INVALID, "sample");
}

TEST_F(AdversaryMatmul, AWrongPathIsCaught) {
  ExpectFailure("wrong-path", v1::PROOF_INVALID, "root");
}

TEST_F(AdversaryMatmul, AnElementChangedAfterTheCommitmentIsCaught) {
  ExpectFailure("wrong-element", v1::PROOF_INVALID, "root");
}

TEST_F(AdversaryMatmul, AnUnsignedCommitmentIsRejected) {
  ExpectFailure("unsigned", v1::SIGNATURE_INVALID, "commitment");
}

TEST_F(AdversaryMatmul, AnUnsignedOpeningIsRejected) {
  ExpectFailure("unsigned-opening", v1::SIGNATURE_INVALID, "opening");
}

TEST_F(AdversaryMatmul, AnotherDevicesSignatureIsRejected) {
  ExpectFailure("foreign-key-signature", v1::SIGNATURE_INVALID, "commitment");
}

TEST_F(AdversaryMatmul, AnAnswerToAnotherChallengeIsRejected) {
  ExpectFailure("other-device-answer", v1::MALFORMED, "challenge");
}

TEST_F(AdversaryMatmul, TwoCommitmentsToOneChallengeAreKept) {
  const Outcome outcome = arena_.Run(arena_.Add("two-commitments"), v1::MATMUL);
  EXPECT_EQ(outcome.judgement.verdict, v1::FAIL) << Tell(outcome);
  EXPECT_EQ(outcome.judgement.reason, v1::PROOF_INVALID) << Tell(outcome);
  ASSERT_TRUE(outcome.closed.matmul().has_second_commitment());
  EXPECT_NE(outcome.closed.matmul().second_commitment().commitment(),
            outcome.commitment->commitment().commitment());
}

TEST_F(AdversaryMatmul, ARefusalIsAFailure) {
  ExpectFailure("refuse", v1::REFUSED, "");
}

TEST_F(AdversaryMatmul, RefusingToOpenIsAFailure) {
  ExpectFailure("refuse-opening", v1::OPENING_REFUSED, "");
}

TEST_F(AdversaryMatmul, AClaimToBeBusyWithoutEvidenceIsARefusal) {
  ExpectFailure("claims-busy-without-evidence", v1::REFUSED, "");
}

TEST_F(AdversaryMatmul, EvidenceThatTheDeviceForgedIsARefusal) {
  ExpectFailure("shows-forged-evidence", v1::REFUSED, "");
}

TEST_F(AdversaryMatmul, EvidenceThatHasExpiredIsARefusal) {
  arena_.UseEvidence(/*expired=*/true);
  ExpectFailure("shows-stale-evidence", v1::REFUSED, "");
}

TEST_F(AdversaryMatmul, TheOtherSlotsRunningChallengeExcuses) {
  arena_.UseEvidence(/*expired=*/false);
  const Outcome outcome = arena_.Run(arena_.Add("shows-stale-evidence"), v1::MATMUL);
  EXPECT_EQ(outcome.judgement.verdict, v1::INCONCLUSIVE) << Tell(outcome);
  EXPECT_EQ(outcome.judgement.reason, v1::DEVICE_CHALLENGED) << Tell(outcome);
}

}  // namespace
}  // namespace kaisar::testing
