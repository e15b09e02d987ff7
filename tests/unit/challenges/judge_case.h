#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "base/signing_key.h"
#include "challenges/judge.h"
#include "challenges/latency/pings.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "tests/unit/challenges/sample_network.h"

namespace kaisar::challenges {

inline SigningKey KeyOf(std::uint8_t byte) {
  return SigningKey::Parse(Filled(byte)).value();
}

/// One challenge of slot 3 to device 5 with all its records; a test changes one thing and judges.
class JudgeCase : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kBeaconMs = 1'790'000'000'000;

  JudgeCase() {
    policy_.samples = 8;
    policy_.classes["cpu"] = {256, 3, 10'000, 5000};
    roster_.mutable_devices(0)->set_key(ToString(device_key_.address()));
    roster_.mutable_slots(0)->set_key(ToString(slot_key_.address()));
    roster_.mutable_slots(1)->set_key(ToString(other_slot_key_.address()));
    domain_ = DomainOf(roster_);
  }

  /// Issues a challenge and closes it as completed, but for the answer.
  void Issue(v1::Kind kind) {
    const PlannedChallenge planned{1000, 5, 2, kind};
    *issued_.mutable_challenge() =
        MakeChallenge(key_, SampleScope(), kBeaconMs, planned, roster_.devices(0), policy_);
    SignChallenge(slot_key_, domain_, *issued_.mutable_challenge());
    issued_.set_sequence(2);
    const v1::Challenge& challenge = issued_.challenge().challenge();
    id_ = ToDigest(challenge.challenge_id());
    digest_ = ChallengeDigest(domain_, challenge);
    closed_.set_challenge_id(challenge.challenge_id());
    closed_.set_device(5);
    closed_.set_kind(kind);
    closed_.set_sequence(2);
    closed_.set_due_ms(1000);
    closed_.set_sent_ms(1010);
    closed_.set_elapsed_ms(400);
    closed_.set_transport(v1::COMPLETED);
  }

  /// Answers the first `echoes` pings, signed by `signer`.
  void AnswerPings(std::uint32_t echoes, const SigningKey& signer) {
    v1::LatencyEvidence& evidence = *closed_.mutable_latency();
    evidence.Clear();
    for (std::uint32_t i = 0; i < echoes; ++i) {
      v1::LatencyEvidence::Echo& echo = *evidence.add_echoes();
      echo.set_ping(i);
      echo.set_rtt_us(100);
    }
    const Digest hash = NoncesHash(PingNonces(key_, id_, 16), evidence).value();
    evidence.mutable_transcript()->set_signature(
        ToString(signer.Sign(PingTranscriptDigest(domain_, id_, digest_, hash))));
  }

  /// The call failed, and the checker reached others meanwhile.
  void Lose(v1::Transport transport) {
    closed_.set_transport(transport);
    closed_.clear_latency();
    closed_.clear_reachability();
    closed_.mutable_reachability()->set_devices_heard(1);
  }

  /// Another slot's challenge to device 5, due at `due_ms`.
  v1::SignedChallenge OthersChallenge(std::uint32_t due_ms, v1::Kind kind = v1::MATMUL) const {
    EpochScope scope = SampleScope();
    scope.slot = 9;
    const EpochKey key = EpochKey::Derive(Filled(0x19), scope.beacon, 31337, 9, 7);
    const PlannedChallenge planned{due_ms, 5, 0, kind};
    v1::SignedChallenge challenge =
        MakeChallenge(key, scope, kBeaconMs, planned, roster_.devices(0), policy_);
    SignChallenge(other_slot_key_, domain_, challenge);
    return challenge;
  }

  Judgement Judged(bool with_commitment = false) const {
    return Judge({key_, roster_, policy_, 3, kBeaconMs},
                 {&issued_, with_commitment ? &commitment_ : nullptr, &closed_});
  }

  EpochKey key_ = SampleKey();
  SigningKey device_key_ = KeyOf(0x51);
  SigningKey slot_key_ = KeyOf(0x41);
  SigningKey other_slot_key_ = KeyOf(0x42);
  Policy policy_ = SamplePolicy();
  v1::Roster roster_ = SampleRoster();
  SigningDomain domain_;
  Digest id_{};
  Digest digest_{};
  v1::ChallengeIssued issued_;
  v1::CommitmentReceived commitment_;
  v1::ChallengeClosed closed_;
};

inline Judgement Passed() {
  return {v1::PASS, v1::NONE, ""};
}
inline Judgement Failed(v1::Reason reason) {
  return {v1::FAIL, reason, ""};
}
inline Judgement Inconclusive(v1::Reason reason) {
  return {v1::INCONCLUSIVE, reason, ""};
}

inline void PrintTo(const Judgement& judgement, std::ostream* out) {
  *out << v1::Verdict_Name(judgement.verdict) << " " << v1::Reason_Name(judgement.reason) << ": "
       << judgement.detail;
}

}  // namespace kaisar::challenges
