// The rules of docs/judging.md for matmul proofs, 12 to 20, and what they leave to 5 to 8.
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "base/sha256.h"
#include "challenges/judge.h"
#include "challenges/matmul/prover.h"
#include "kernels/host_engine.h"
#include "tests/unit/challenges/judge_case.h"

namespace kaisar::challenges {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;

class MatmulJudge : public JudgeCase {
 protected:
  MatmulJudge() {
    Issue(v1::MATMUL);
    engine_ = kernels::MakeCpuEngine(1);
    proof_ = MatmulProof::Compute(ToDigest(issued_.challenge().challenge().seed()), {256, 3},
                                  *engine_, [] { return false; })
                 .value();
    *commitment_.mutable_commitment() = Commit(proof_->commitment(), device_key_);
    commitment_.set_elapsed_ns(900 * kNsPerMs);
    body_ = proof_->Open(Samples()).value();
    Open(body_.SerializeAsString(), device_key_);
  }

  std::vector<MatmulSample> Samples() const {
    return DrawSamples(key_, id_, proof_->commitment(), {256, 3}, 8);
  }

  v1::MatmulCommitment Commit(const Digest& value, const SigningKey& signer) const {
    v1::MatmulCommitment commitment;
    commitment.set_challenge_id(ToString(id_));
    commitment.set_commitment(ToString(value));
    for (const Digest& root : proof_->roots()) {
      commitment.mutable_roots()->append(ToString(root));
    }
    commitment.set_signature(
        ToString(signer.Sign(MatmulCommitmentDigest(domain_, id_, digest_, value))));
    return commitment;
  }

  void Open(const std::string& body, const SigningKey& signer) {
    v1::MatmulEvidence& evidence = *closed_.mutable_matmul();
    evidence.mutable_opening()->set_body(body);
    evidence.mutable_opening()->set_signature(ToString(signer.Sign(MatmulOpeningDigest(
        domain_, id_, ToDigest(commitment_.commitment().commitment()), Sha256(ViewOf(body))))));
    evidence.set_opening_elapsed_ns(100 * kNsPerMs);
  }

  /// The verdict on an opening that the device changed before it signed it.
  Judgement Opening(const std::function<void(v1::MatmulOpeningBody&)>& change) {
    v1::MatmulOpeningBody body = body_;
    change(body);
    Open(body.SerializeAsString(), device_key_);
    return Judged(true);
  }

  std::unique_ptr<kernels::MatmulEngine> engine_;
  std::unique_ptr<MatmulProof> proof_;
  v1::MatmulOpeningBody body_;
};

void FlipBit(std::string& bytes, std::size_t at = 0) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
}

TEST_F(MatmulJudge, PassesAnHonestProof) {
  EXPECT_EQ(Judged(true), Passed());
}

TEST_F(MatmulJudge, CallsACommitmentOfTheWrongFormMalformed) {
  const v1::MatmulCommitment honest = commitment_.commitment();
  v1::MatmulCommitment& commitment = *commitment_.mutable_commitment();
  commitment.set_challenge_id(std::string(32, '\x01'));
  EXPECT_EQ(Judged(true), Failed(v1::MALFORMED));
  commitment = honest;
  commitment.mutable_roots()->append(32, '\0');
  EXPECT_EQ(Judged(true), Failed(v1::MALFORMED));
  commitment = honest;
  commitment.mutable_roots()->pop_back();
  EXPECT_EQ(Judged(true), Failed(v1::MALFORMED));
  commitment = honest;
  commitment.clear_roots();
  EXPECT_EQ(Judged(true), Failed(v1::MALFORMED));
  commitment = honest;
  commitment.mutable_commitment()->pop_back();
  EXPECT_EQ(Judged(true), Failed(v1::MALFORMED));
  commitment.Clear();
  EXPECT_EQ(Judged(true), Failed(v1::MALFORMED));
}

TEST_F(MatmulJudge, WantsTheCommitmentSignedByTheDevice) {
  *commitment_.mutable_commitment() = Commit(proof_->commitment(), slot_key_);
  EXPECT_EQ(Judged(true), Failed(v1::SIGNATURE_INVALID));
  commitment_.mutable_commitment()->clear_signature();
  EXPECT_EQ(Judged(true), Failed(v1::SIGNATURE_INVALID));
}

TEST_F(MatmulJudge, AcceptsNoCommitmentToAnotherChallenge) {
  // The same proof, but the challenge differs in a field that only its digest knows.
  issued_.mutable_challenge()->mutable_challenge()->set_expires_at_ms(1);
  EXPECT_EQ(Judged(true), Failed(v1::SIGNATURE_INVALID));
}

TEST_F(MatmulJudge, ConvictsOnTwoDifferentSignedCommitments) {
  *closed_.mutable_matmul()->mutable_second_commitment() = Commit(Filled(0x77), device_key_);
  EXPECT_EQ(Judged(true), Failed(v1::PROOF_INVALID));
  closed_.mutable_matmul()->clear_opening();
  closed_.set_transport(v1::VIOLATION);
  EXPECT_EQ(Judged(true), Failed(v1::PROOF_INVALID));
}

TEST_F(MatmulJudge, ConvictsNobodyOnASecondCommitmentThatTheDeviceDidNotSign) {
  *closed_.mutable_matmul()->mutable_second_commitment() = Commit(Filled(0x77), slot_key_);
  EXPECT_EQ(Judged(true), Passed());
  closed_.mutable_matmul()->mutable_second_commitment()->set_commitment("short");
  EXPECT_EQ(Judged(true), Passed());
}

TEST_F(MatmulJudge, TakesARepeatedCommitmentForOne) {
  *closed_.mutable_matmul()->mutable_second_commitment() = commitment_.commitment();
  EXPECT_EQ(Judged(true), Passed());
}

TEST_F(MatmulJudge, CallsACommitmentAfterItsDeadlineLate) {
  commitment_.set_elapsed_ns(10'000 * kNsPerMs);
  EXPECT_EQ(Judged(true), Passed());
  commitment_.set_elapsed_ns(10'000 * kNsPerMs + 1);
  EXPECT_EQ(Judged(true), Failed(v1::COMMITMENT_LATE));
}

TEST_F(MatmulJudge, FailsRootsThatAreNotTheCommittedOnesButConvictsNobody) {
  FlipBit(*commitment_.mutable_commitment()->mutable_roots());
  EXPECT_EQ(Judged(true), Failed(v1::MALFORMED));
}

TEST_F(MatmulJudge, CallsSilenceAfterTheCommitmentARefusedOpening) {
  closed_.clear_matmul();
  for (const v1::Transport transport : {v1::BROKEN, v1::DEADLINE, v1::DECLINED, v1::VIOLATION}) {
    Lose(transport);
    EXPECT_EQ(Judged(true), Failed(v1::OPENING_REFUSED));
  }
}

TEST_F(MatmulJudge, AcceptsNoCollisionAfterTheCommitment) {
  closed_.clear_matmul();
  Lose(v1::DECLINED);
  *closed_.mutable_refusal()->mutable_running() = OthersChallenge(900);
  EXPECT_EQ(Judged(true), Failed(v1::OPENING_REFUSED));
}

TEST_F(MatmulJudge, BlamesTheCheckerForSilenceWhenNothingWasReachable) {
  closed_.clear_matmul();
  Lose(v1::DEADLINE);
  closed_.clear_reachability();
  EXPECT_EQ(Judged(true), Inconclusive(v1::CHECKER_OFFLINE));
}

TEST_F(MatmulJudge, LetsNoDeviceTakeABadAnswerBackByBreakingTheStream) {
  body_.mutable_samples(0)->mutable_segment()->front() ^= 1;
  Open(body_.SerializeAsString(), device_key_);
  closed_.set_transport(v1::BROKEN);  // nothing else was reachable
  EXPECT_EQ(Judged(true), Failed(v1::PROOF_INVALID));
  closed_.clear_matmul();
  commitment_.mutable_commitment()->clear_signature();
  EXPECT_EQ(Judged(true), Failed(v1::SIGNATURE_INVALID));
}

TEST_F(MatmulJudge, NamesWhatBecameOfACallWithoutACommitment) {
  closed_.clear_matmul();
  Lose(v1::DEADLINE);
  EXPECT_EQ(Judged(), Failed(v1::TIMED_OUT));
  Lose(v1::BROKEN);
  EXPECT_EQ(Judged(), Failed(v1::UNREACHABLE));
  Lose(v1::NO_CONNECTION);
  EXPECT_EQ(Judged(), Failed(v1::UNREACHABLE));
  Lose(v1::VIOLATION);
  EXPECT_EQ(Judged(), Failed(v1::MALFORMED));
}

TEST_F(MatmulJudge, FailsNobodyOnRecordsThatContradictThemselves) {
  EXPECT_EQ(Judged(false), Inconclusive(v1::STOPPED));  // an opening without a commitment
  Lose(v1::VIOLATION);
  EXPECT_EQ(Judged(false), Inconclusive(v1::STOPPED));  // the same, however the call ended
  closed_.set_transport(v1::COMPLETED);
  closed_.mutable_matmul()->clear_opening();
  EXPECT_EQ(Judged(false), Inconclusive(v1::STOPPED));  // completed without either
  EXPECT_EQ(Judged(true), Inconclusive(v1::STOPPED));   // completed without an opening
  Lose(v1::NO_CONNECTION);
  EXPECT_EQ(Judged(true), Inconclusive(v1::STOPPED));  // a commitment without a connection
}

TEST_F(MatmulJudge, CallsAnOpeningAfterItsDeadlineRefused) {
  closed_.mutable_matmul()->set_opening_elapsed_ns(5000 * kNsPerMs);
  EXPECT_EQ(Judged(true), Passed());
  closed_.mutable_matmul()->set_opening_elapsed_ns(5000 * kNsPerMs + 1);
  EXPECT_EQ(Judged(true), Failed(v1::OPENING_REFUSED));
}

TEST_F(MatmulJudge, WantsTheOpeningSignedByTheDeviceAsItCame) {
  Open(body_.SerializeAsString(), slot_key_);
  EXPECT_EQ(Judged(true), Failed(v1::SIGNATURE_INVALID));
  Open(body_.SerializeAsString(), device_key_);
  closed_.mutable_matmul()->mutable_opening()->mutable_body()->append("\x10\x01");
  EXPECT_EQ(Judged(true), Failed(v1::SIGNATURE_INVALID));
}

TEST_F(MatmulJudge, CallsASignedOpeningThatDoesNotParseMalformed) {
  Open("\x0a", device_key_);
  EXPECT_EQ(Judged(true), Failed(v1::MALFORMED));
}

TEST_F(MatmulJudge, ConvictsOnWrongSamples) {
  EXPECT_EQ(Opening([](auto& body) { body.clear_samples(); }), Failed(v1::PROOF_INVALID));
  EXPECT_EQ(Opening([](auto& body) { body.mutable_samples()->RemoveLast(); }),
            Failed(v1::PROOF_INVALID));
  EXPECT_EQ(Opening([](auto& body) { *body.add_samples() = body.samples(0); }),
            Failed(v1::PROOF_INVALID));
  EXPECT_EQ(Opening([](auto& body) { body.mutable_samples()->SwapElements(0, 1); }),
            Failed(v1::PROOF_INVALID));
  EXPECT_EQ(Opening([](auto& body) { FlipBit(*body.mutable_samples(7)->mutable_segment()); }),
            Failed(v1::PROOF_INVALID));
  EXPECT_EQ(Opening([](auto&) {}), Passed());
}

TEST_F(MatmulJudge, DrawsTheSamplesFromTheCommitmentItself) {
  const auto others = DrawSamples(key_, id_, Filled(0x01), {256, 3}, 8);
  EXPECT_EQ(Opening([&](auto& body) { body = proof_->Open(others).value(); }),
            Failed(v1::PROOF_INVALID));
}

v1::CommitmentReceived Timed(std::uint64_t elapsed_ns, std::initializer_list<std::uint64_t> pings) {
  v1::CommitmentReceived commitment;
  commitment.set_elapsed_ns(elapsed_ns);
  for (const std::uint64_t rtt_ns : pings) commitment.add_ping_rtt_ns(rtt_ns);
  return commitment;
}

TEST(MatmulRate, TakesTheSmallestPingOffTheTime) {
  // 2 · 1024^3 · 4 = 8589934592 operations.
  EXPECT_EQ(MatmulRate({1024, 4}, Timed(1'000'000'000, {})), 8'589'934'592u);
  EXPECT_EQ(MatmulRate({1024, 4}, Timed(1'000'000'000, {60'000'000, 50'000'000, 70'000'000})),
            9'042'036'412u);  // over 0.95 s
}

TEST(MatmulRate, TakesNoMoreThanATenthOff) {
  EXPECT_EQ(MatmulRate({1024, 4}, Timed(1'000'000'000, {500'000'000})), 9'544'371'768u);
  EXPECT_EQ(MatmulRate({1024, 4}, Timed(1'000'000'000, {100'000'000})), 9'544'371'768u);
}

TEST(MatmulRate, IsZeroWithoutATimeAndBoundedForTheShortest) {
  EXPECT_EQ(MatmulRate({1024, 4}, Timed(0, {})), 0u);
  EXPECT_EQ(MatmulRate({256, 1}, Timed(1, {5})), 33'554'432'000'000'000u);
  EXPECT_EQ(MatmulRate({32768, 4096}, Timed(1, {})), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(MatmulRate({32768, 4096}, Timed(std::numeric_limits<std::uint64_t>::max(), {})),
            15'625'000u);
}

}  // namespace
}  // namespace kaisar::challenges
