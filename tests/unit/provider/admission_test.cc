#include "provider/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;

class AdmissionTest : public ::testing::Test {
 protected:
  Peer PeerOf(std::uint8_t slot) {
    return admission_.FindPeer(SampleSlot(slot).tls_pin).value_or(Peer{{}, 99});
  }
  Decision Decide(const v1::SignedChallenge& challenge, std::uint8_t slot = 1) {
    return admission_.Decide(PeerOf(slot), challenge.challenge().kind(), challenge);
  }
  v1::SignedChallenge Matmul(std::uint8_t number, std::uint8_t slot = 1) {
    return SignedSample(clock_, v1::MATMUL, slot, number);
  }
  static std::string Refused(const Decision& decision) {
    const v1::Refusal* refusal = std::get_if<v1::Refusal>(&decision);
    return refusal == nullptr ? "not refused" : refusal->message();
  }
  static absl::Status Ended(const Decision& decision) {
    const absl::Status* status = std::get_if<absl::Status>(&decision);
    return status == nullptr ? absl::OkStatus() : *status;
  }

  FakeClock clock_;
  Admission admission_{kDomain,
                       {SampleSlot(1), SampleSlot(2)},
                       {{kDevice, kStateMemoryBytes}},
                       SampleLimits(),
                       clock_};
};

TEST_F(AdmissionTest, KnowsASlotByItsTlsPinOnly) {
  EXPECT_EQ(PeerOf(2).slot, 2u);
  EXPECT_FALSE(admission_.FindPeer(Filled(0x11)).has_value());
}

TEST_F(AdmissionTest, TakesAChallengeThatIsRight) {
  const v1::SignedChallenge challenge = Matmul(1);
  const Decision decision = Decide(challenge);
  const Taken* taken = std::get_if<Taken>(&decision);
  ASSERT_NE(taken, nullptr);
  EXPECT_EQ(taken->device, kDevice);
  EXPECT_EQ(taken->challenge_id, Filled(1));
  EXPECT_EQ(taken->challenge_digest, challenges::ChallengeDigest(kDomain, challenge.challenge()));
}

TEST_F(AdmissionTest, EndsOnAMalformedChallenge) {
  v1::SignedChallenge short_id = SampleChallenge(clock_, v1::MATMUL, 1, 1);
  short_id.mutable_challenge()->set_challenge_id("short");
  EXPECT_EQ(Ended(Decide(short_id)).code(), absl::StatusCode::kInvalidArgument);

  v1::MatmulParams params;
  params.set_samples(3);
  for (const auto& [n, rounds] : std::vector<std::pair<unsigned, unsigned>>{
           {0, 1}, {300, 1}, {65536, 1}, {0xffffffff, 1}, {256, 0}, {256, 4097}}) {
    clock_.AdvanceMs(60'000);  // so that the rate limit does not answer
    params.set_n(n);
    params.set_rounds(rounds);
    v1::SignedChallenge absurd = SampleChallenge(clock_, v1::MATMUL, 1, 1);
    absurd.set_params(params.SerializeAsString());
    EXPECT_EQ(Ended(Decide(Signed(absurd))).code(), absl::StatusCode::kInvalidArgument)
        << n << " " << rounds;
  }
}

TEST_F(AdmissionTest, EndsOnAChallengeOfAnotherKind) {
  EXPECT_EQ(Ended(admission_.Decide(PeerOf(1), v1::LATENCY, Matmul(1))).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(AdmissionTest, EndsOnAChallengeOfAnotherSlotThanTheConnections) {
  const absl::Status status = Ended(Decide(Matmul(1, /*slot=*/2), /*slot=*/1));
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("slot 2, the TLS key of slot 1"));
}

TEST_F(AdmissionTest, EndsOnABadSignature) {
  v1::SignedChallenge changed = Matmul(1);
  changed.mutable_challenge()->set_epoch(8);
  EXPECT_EQ(Ended(Decide(changed)).code(), absl::StatusCode::kPermissionDenied);

  v1::SignedChallenge foreign = Matmul(1);
  challenges::SignChallenge(KeyOf(2), kDomain, foreign);
  EXPECT_EQ(Ended(Decide(foreign)).code(), absl::StatusCode::kPermissionDenied);

  v1::SignedChallenge other_chain = Matmul(1);
  challenges::SignChallenge(KeyOf(1), {1, {}}, other_chain);
  EXPECT_EQ(Ended(Decide(other_chain)).code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(AdmissionTest, RefusesAnExpiredChallengeAndOneTooFarAhead) {
  v1::SignedChallenge challenge = SampleChallenge(clock_, v1::MATMUL, 1, 1);
  challenge.mutable_challenge()->set_expires_at_ms(clock_.WallMs());
  EXPECT_THAT(Refused(Decide(Signed(challenge))), HasSubstr("expired"));
  challenge.mutable_challenge()->set_expires_at_ms(clock_.WallMs() + kDayMs + 1);
  EXPECT_THAT(Refused(Decide(Signed(challenge))), HasSubstr("86400001 ms ahead, limit 86400000"));
  challenge.mutable_challenge()->set_expires_at_ms(clock_.WallMs() + kDayMs);
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(Signed(challenge))));
}

TEST_F(AdmissionTest, RefusesAnotherDevice) {
  v1::SignedChallenge challenge = SampleChallenge(clock_, v1::MATMUL, 1, 1);
  challenge.mutable_challenge()->set_device(18);
  EXPECT_EQ(Refused(Decide(Signed(challenge))), "device 18 is not here");
}

TEST_F(AdmissionTest, RefusesMoreStateThanItsLimitAndSaysTheFigure) {
  v1::MatmulParams params;
  params.set_n(32768);
  params.set_rounds(4096);
  params.set_samples(3);
  v1::SignedChallenge challenge = SampleChallenge(clock_, v1::MATMUL, 1, 1);
  challenge.set_params(params.SerializeAsString());
  EXPECT_EQ(Refused(Decide(Signed(challenge))),
            "states take 4398046511104 bytes (n = 32768, 4096 rounds), limit 1048576");
  // Nothing of it remains: the same id is taken when it fits.
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(Matmul(1))));
}

TEST_F(AdmissionTest, RefusesAReplay) {
  const v1::SignedChallenge challenge = SignedSample(clock_, v1::LATENCY, 1, 1);
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(challenge)));
  EXPECT_EQ(Refused(Decide(challenge)), "challenge was taken before");
}

TEST_F(AdmissionTest, ShowsTheRunningChallengeToAnotherSlotOnly) {
  const v1::SignedChallenge running = Matmul(1);
  Decision first = Decide(running);
  ASSERT_TRUE(std::holds_alternative<Taken>(first));

  const Decision same_slot = Decide(Matmul(2));
  EXPECT_THAT(Refused(same_slot), HasSubstr("works on a challenge"));
  EXPECT_FALSE(std::get<v1::Refusal>(same_slot).has_running());

  const Decision other_slot = Decide(Matmul(3, 2), 2);
  ASSERT_TRUE(std::holds_alternative<v1::Refusal>(other_slot));
  EXPECT_EQ(std::get<v1::Refusal>(other_slot).running().SerializeAsString(),
            running.SerializeAsString());

  // Latency goes on beside it, and the device is free again when the lease ends.
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(SignedSample(clock_, v1::LATENCY, 1, 4))));
  first = absl::OkStatus();
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(Matmul(3, 2), 2)));
}

TEST_F(AdmissionTest, DoesNotShowARunningChallengeThatHasExpired) {
  const Decision first = Decide(Matmul(1));
  clock_.AdvanceMs(60'000);
  const Decision other_slot = Decide(Matmul(3, 2), 2);
  ASSERT_TRUE(std::holds_alternative<v1::Refusal>(other_slot));
  EXPECT_FALSE(std::get<v1::Refusal>(other_slot).has_running());
}

TEST_F(AdmissionTest, LimitsTheRateOfEachSlotAndKindByItself) {
  for (std::uint8_t i = 0; i < 4; ++i) Decide(Matmul(i)).index();
  const absl::Status status = Ended(Decide(Matmul(5)));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("60 times a minute, burst 4"));
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(SignedSample(clock_, v1::LATENCY, 1, 6))));
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(Matmul(7, 2), 2)));
  clock_.AdvanceMs(1000);
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(Matmul(8))));
}

/// A slot that may check kDevice in one epoch; the sample challenges are of epoch 7.
ServedSlot Member(std::uint8_t slot, std::uint32_t epoch = 7) {
  return {SampleSlot(slot), epoch, std::set<std::uint32_t>{kDevice}};
}

TEST_F(AdmissionTest, ServesNobodyButTheSlotsThatItWasToldLast) {
  const Peer before = PeerOf(1);
  admission_.Serve({Member(2)});
  EXPECT_FALSE(admission_.FindPeer(SampleSlot(1).tls_pin).has_value());
  const absl::Status status = Ended(admission_.Decide(before, v1::MATMUL, Matmul(1)));
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("any more"));
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(Matmul(1, 2), 2)));
}

TEST_F(AdmissionTest, EndsOnAChallengeOfAnEpochInWhichTheSlotDoesNotCheck) {
  admission_.Serve({Member(1, 6), Member(1, 8)});
  const absl::Status status = Ended(Decide(Matmul(1)));
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("in epoch 7"));
  admission_.Serve({Member(1, 6), Member(1, 7)});
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(Matmul(1))));
}

TEST_F(AdmissionTest, KnowsTheHotKeyOfEachEpoch) {
  ServedSlot rotated = Member(1, 8);
  rotated.slot.address = KeyOf(9).address();
  admission_.Serve({Member(1), rotated});
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(SignedSample(clock_, v1::LATENCY, 1, 1))));
  v1::SignedChallenge next = SampleChallenge(clock_, v1::LATENCY, 1, 2);
  next.mutable_challenge()->set_epoch(8);
  EXPECT_EQ(Ended(Decide(Signed(next))).code(), absl::StatusCode::kPermissionDenied);
  next = Signed(next);
  challenges::SignChallenge(KeyOf(9), kDomain, next);
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(next)));
}

TEST_F(AdmissionTest, EndsOnADeviceWhoseCommitteeDoesNotHoldTheSlot) {
  ServedSlot elsewhere = Member(1);
  elsewhere.devices = {kDevice + 1};
  admission_.Serve({elsewhere});
  const absl::Status status = Ended(Decide(Matmul(1)));
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not in the committee of device 17"));
}

TEST_F(AdmissionTest, TakesChallengesOfEachSlotThatNamesTheSameTlsKey) {
  ServedSlot copied = Member(1);  // whether its owner is the same or has copied the pin
  copied.slot.tls_pin = SampleSlot(2).tls_pin;
  admission_.Serve({Member(2), copied});
  EXPECT_EQ(PeerOf(2).slot, 1u);
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(SignedSample(clock_, v1::LATENCY, 2, 1), 2)));
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(SignedSample(clock_, v1::LATENCY, 1, 2), 2)));
  // Each has a rate of its own.
  for (std::uint8_t i = 3; i < 6; ++i) Decide(SignedSample(clock_, v1::LATENCY, 1, i), 2).index();
  EXPECT_EQ(Ended(Decide(SignedSample(clock_, v1::LATENCY, 1, 6), 2)).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(SignedSample(clock_, v1::LATENCY, 2, 7), 2)));
}

TEST_F(AdmissionTest, RemembersWhatASlotHasUsedAndAskedWhenTheServedSlotsChange) {
  const v1::SignedChallenge challenge = SignedSample(clock_, v1::LATENCY, 1, 1);
  EXPECT_TRUE(std::holds_alternative<Taken>(Decide(challenge)));
  for (std::uint8_t i = 2; i < 5; ++i) Decide(SignedSample(clock_, v1::LATENCY, 1, i)).index();
  admission_.Serve({Member(2)});
  admission_.Serve({Member(1)});
  EXPECT_EQ(Ended(Decide(SignedSample(clock_, v1::LATENCY, 1, 5))).code(),
            absl::StatusCode::kResourceExhausted);
  clock_.AdvanceMs(1000);
  EXPECT_EQ(Refused(Decide(challenge)), "challenge was taken before");
}

}  // namespace
}  // namespace kaisar::provider
