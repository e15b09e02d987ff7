// The judge on a hostile log: whatever the records hold, it ends with a verdict that has a reason,
// and gives the same one again. The input is merged over the records of an honest device, which are
// then signed again when it says so; so hostile openings get past the signatures, too.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/sha256.h"
#include "challenges/judge.h"
#include "challenges/matmul/prover.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "kernels/host_engine.h"

namespace kaisar::challenges {
namespace {

constexpr std::uint64_t kBeaconMs = 1'790'000'000'000;
constexpr std::uint32_t kDevice = 5;
constexpr std::uint32_t kSlot = 3;

Digest Filled(std::uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

SigningKey KeyOf(std::uint8_t byte) {
  return SigningKey::Parse(Filled(byte)).value();
}

struct World {
  SigningKey device_key = KeyOf(0x51);
  SigningKey slot_key = KeyOf(0x41);
  EpochScope scope{31337, 7, kSlot, 21'600'000, Filled(0x22)};
  EpochKey key = EpochKey::Derive(Filled(0x11), Filled(0x22), 31337, kSlot, 7);
  Policy policy;
  v1::Roster roster;
};

const World& TheWorld() {
  static const World* const world = [] {
    auto* made = new World();
    made->policy.samples = 4;
    made->policy.slack_ms = 2000;
    made->policy.clock_step_ms = 1000;
    made->policy.latency = {16, 20, 5000, 50'000, 500'000};
    made->policy.bandwidth = {1, 1, 1, 20'000, 10'000, 1'000'000'000};
    made->policy.classes["cpu"] = {256, 2, 10'000, 5000};
    made->roster.set_chain_id(31337);
    made->roster.set_contract(std::string(20, '\0'));
    v1::Device& device = *made->roster.add_devices();
    device.set_id(kDevice);
    device.set_key(ToString(made->device_key.address()));
    device.set_device_class("cpu");
    device.set_down_bits_per_second(100'000'000);
    device.set_up_bits_per_second(100'000'000);
    v1::Slot& slot = *made->roster.add_slots();
    slot.set_id(kSlot + 1);
    slot.set_key(ToString(made->slot_key.address()));
    return made;
  }();
  return *world;
}

struct Records {
  v1::ChallengeIssued issued;
  v1::CommitmentReceived commitment;
  v1::ChallengeClosed closed;
};

Records Issue(v1::Kind kind) {
  const World& world = TheWorld();
  Records records;
  *records.issued.mutable_challenge() =
      MakeChallenge(world.key, world.scope, kBeaconMs, {1000, kDevice, 2, kind},
                    world.roster.devices(0), world.policy);
  v1::SignedChallenge& challenge = *records.issued.mutable_challenge();
  SignChallenge(world.slot_key, DomainOf(world.roster), challenge);
  records.closed.set_challenge_id(challenge.challenge().challenge_id());
  records.closed.set_device(kDevice);
  records.closed.set_kind(kind);
  records.closed.set_due_ms(1000);
  records.closed.set_sent_ms(1001);
  records.closed.set_transport(v1::COMPLETED);
  return records;
}

Records AnsweredMatmul() {
  const World& world = TheWorld();
  Records records = Issue(v1::MATMUL);
  const v1::Challenge& challenge = records.issued.challenge().challenge();
  const std::unique_ptr<kernels::MatmulEngine> engine = kernels::MakeCpuEngine(1);
  const auto proof =
      MatmulProof::Compute(ToDigest(challenge.seed()), {256, 2}, *engine, [] { return false; });
  KAISAR_CHECK(proof.ok());
  v1::MatmulCommitment& commitment = *records.commitment.mutable_commitment();
  commitment.set_challenge_id(challenge.challenge_id());
  commitment.set_commitment(ToString((*proof)->commitment()));
  for (const Digest& root : (*proof)->roots()) commitment.mutable_roots()->append(ToString(root));
  records.commitment.set_elapsed_ns(1'000'000);
  const auto samples = DrawSamples(world.key, ToDigest(challenge.challenge_id()),
                                   (*proof)->commitment(), {256, 2}, 4);
  records.closed.mutable_matmul()->mutable_opening()->set_body(
      (*proof)->Open(samples)->SerializeAsString());
  return records;
}

Records AnsweredBandwidth() {
  Records records = Issue(v1::BANDWIDTH);
  v1::BandwidthEvidence& evidence = *records.closed.mutable_bandwidth();
  for (const v1::Direction direction : {v1::DOWN, v1::UP}) {
    v1::BandwidthEvidence::Test& test = *evidence.add_tests();
    test.set_direction(direction);
    test.set_checker_result(
        R"({"iperf":{"end":{"sum_sent":{"bytes":9,"seconds":1},"sum_received":{"bytes":9,"seconds":1}}}})");
    test.mutable_measured()->set_direction(direction);
    test.mutable_measured()->set_result(test.checker_result());
  }
  return records;
}

void SignResults(Records& records, const Digest& id, const Digest& digest) {
  v1::BandwidthEvidence& evidence = *records.closed.mutable_bandwidth();
  if (evidence.tests_size() < 2) return;
  const Digest hash = BandwidthResultsHash(evidence.tests(0).measured().result(),
                                           evidence.tests(1).measured().result());
  evidence.mutable_transcript()->set_signature(ToString(TheWorld().device_key.Sign(
      BandwidthTranscriptDigest(DomainOf(TheWorld().roster), id, digest, hash))));
}

/// Signs the answers as the device, where their sizes allow it.
void SignAnswers(Records& records) {
  const World& world = TheWorld();
  const SigningDomain domain = DomainOf(world.roster);
  if (!ValidateChallenge(records.issued.challenge()).ok()) return;
  const v1::Challenge& challenge = records.issued.challenge().challenge();
  const Digest id = ToDigest(challenge.challenge_id());
  if (records.closed.has_bandwidth()) SignResults(records, id, ChallengeDigest(domain, challenge));
  Digest commitment{};
  if (!CopyExactly(ViewOf(records.commitment.commitment().commitment()), commitment)) return;
  records.commitment.mutable_commitment()->set_signature(ToString(world.device_key.Sign(
      MatmulCommitmentDigest(domain, id, ChallengeDigest(domain, challenge), commitment))));
  v1::MatmulOpening& opening = *records.closed.mutable_matmul()->mutable_opening();
  opening.set_signature(ToString(world.device_key.Sign(
      MatmulOpeningDigest(domain, id, commitment, Sha256(ViewOf(opening.body()))))));
}

void CheckJudgement(const Judgement& judgement) {
  switch (judgement.verdict) {
    case v1::PASS:
      KAISAR_CHECK(judgement.reason == v1::NONE);
      break;
    case v1::FAIL:
      KAISAR_CHECK(judgement.reason >= v1::PROOF_INVALID && judgement.reason <= v1::REFUSED);
      break;
    default:
      KAISAR_CHECK(judgement.verdict == v1::INCONCLUSIVE);
      KAISAR_CHECK(judgement.reason >= v1::CHECKER_OFFLINE && judgement.reason <= v1::STOPPED);
  }
  KAISAR_CHECK(judgement.detail.find('\n') == std::string::npos);
}

/// Takes the next piece: one byte of length, then so many bytes.
std::string TakePiece(ByteView& input) {
  if (input.empty()) return "";
  const std::size_t size = std::min<std::size_t>(input[0], input.size() - 1);
  const std::string piece = ToString(input.subspan(1, size));
  input.remove_prefix(1 + size);
  return piece;
}

void JudgeInput(ByteView input) {
  static const Records* const matmul = new Records(AnsweredMatmul());
  static const Records* const latency = new Records(Issue(v1::LATENCY));
  static const Records* const bandwidth = new Records(AnsweredBandwidth());
  const std::uint8_t flags = input[0];
  const bool untouched = input.size() == 1;
  input.remove_prefix(1);
  Records records = (flags & 16) != 0 ? *bandwidth : (flags & 1) != 0 ? *latency : *matmul;
  if ((flags & 8) != 0) records.closed.mutable_matmul()->mutable_opening()->clear_body();
  // A piece that does not parse has still merged what came before the error.
  (void)records.issued.MergeFromString(TakePiece(input));
  (void)records.commitment.MergeFromString(TakePiece(input));
  if ((flags & 8) != 0) {
    records.closed.mutable_matmul()->mutable_opening()->set_body(ToString(input));
  } else {
    (void)records.closed.MergeFromString(ToString(input));
  }
  if ((flags & 2) != 0) SignAnswers(records);
  const World& world = TheWorld();
  const JudgeContext context{world.key, world.roster, world.policy, kSlot, kBeaconMs};
  const Evidence evidence{&records.issued, (flags & 4) != 0 ? nullptr : &records.commitment,
                          &records.closed};
  const Judgement judgement = Judge(context, evidence);
  CheckJudgement(judgement);
  KAISAR_CHECK(Judge(context, evidence) == judgement);
  // Nothing merged, signed: the records of an honest device.
  if (untouched && (flags == 2 || flags == 22)) KAISAR_CHECK(judgement.verdict == v1::PASS);
}

}  // namespace
}  // namespace kaisar::challenges

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) kaisar::challenges::JudgeInput({data, size});
  return 0;
}
