#include "tests/support/epoch_script.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/sha256.h"
#include "challenges/judge.h"
#include "challenges/latency/pings.h"
#include "challenges/matmul/prover.h"
#include "challenges/matmul/samples.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "kernels/host_engine.h"
#include "tests/support/epoch_fixture.h"

namespace kaisar::testing {
namespace {

using challenges::PlannedChallenge;

constexpr std::uint64_t kNsPerMs = 1'000'000;
constexpr std::uint32_t kPings = 4;
constexpr std::uint64_t kMegabit = 1'000'000;
constexpr std::uint64_t kPingingMs = 26;  // eight pings of 1.5 to 5 ms before a matmul challenge

struct Event {
  std::uint64_t at_ms = 0;
  std::size_t order = 0;
  v1::Record record;
};

/// Plays single challenges and gathers what they leave in the log.
class Script {
 public:
  explicit Script(EpochFixture& fixture)
      : fixture_(fixture),
        roster_(fixture.opened().roster()),
        domain_(challenges::DomainOf(roster_)),
        key_(fixture.key()),
        engine_(kernels::MakeCpuEngine(1)) {}

  void Play(const PlannedChallenge& planned) {
    planned_ = planned;
    signing_key_ = std::make_unique<SigningKey>(EpochFixture::DeviceKeyOf(planned.device));
    id_ = challenges::ChallengeId(fixture_.scope(), planned);
    closed_ = v1::ChallengeClosed();
    closed_.set_challenge_id(ToString(id_));
    closed_.set_device(planned.device);
    closed_.set_kind(planned.kind);
    closed_.set_sequence(planned.sequence);
    closed_.set_due_ms(planned.due_ms);
    commitment_.reset();
    if (planned.device == 4 && planned.sequence == 0) {
      closed_.set_transport(v1::NOT_SENT);
      Close(planned.due_ms + 5000, nullptr);
      return;
    }
    Issue();
    if (planned.kind == v1::LATENCY) AnswerLatency();
    if (planned.kind == v1::BANDWIDTH) AnswerBandwidth();
    if (planned.kind == v1::MATMUL) AnswerMatmul();
    Close(closed_.sent_ms() + closed_.elapsed_ms(), &issued_);
  }

  std::vector<v1::Record> Records() {
    std::sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) {
      return std::tie(a.at_ms, a.order) < std::tie(b.at_ms, b.order);
    });
    std::vector<v1::Record> records;
    for (Event& event : events_) records.push_back(std::move(event.record));
    return records;
  }

 private:
  v1::Record& AddEvent(std::uint64_t at_ms) {
    events_.push_back({at_ms, events_.size(), v1::Record()});
    return events_.back().record;
  }

  void Issue() {
    const v1::Device& device = *challenges::FindDevice(roster_, planned_.device);
    issued_ = v1::ChallengeIssued();
    *issued_.mutable_challenge() = challenges::MakeChallenge(
        key_, fixture_.scope(), EpochFixture::kBeaconMs, planned_, device, fixture_.policy());
    challenges::SignChallenge(EpochFixture::SlotKey(EpochFixture::kSlot), domain_,
                              *issued_.mutable_challenge());
    issued_.set_sequence(planned_.sequence);
    issued_.set_issued_ms(EpochFixture::kBeaconMs + planned_.due_ms);
    digest_ = challenges::ChallengeDigest(domain_, issued_.challenge().challenge());
    *AddEvent(planned_.due_ms).mutable_issued() = issued_;
    closed_.set_sent_ms(planned_.due_ms + 2);
  }

  void AnswerLatency() {
    if (planned_.device == 6 && planned_.sequence == 0) {
      closed_.set_transport(v1::NO_CONNECTION);
      closed_.set_elapsed_ms(3000);
      closed_.mutable_reachability()->set_devices_heard(2);
      return;
    }
    closed_.set_transport(v1::COMPLETED);
    closed_.set_elapsed_ms(60);
    v1::LatencyEvidence& evidence = *closed_.mutable_latency();
    for (std::uint32_t ping = 0; ping < kPings; ++ping) {
      v1::LatencyEvidence::Echo& echo = *evidence.add_echoes();
      echo.set_ping(ping);
      echo.set_rtt_us(1000 * planned_.device + 10 * planned_.sequence + ping);
    }
    const Digest hash =
        challenges::NoncesHash(challenges::PingNonces(key_, id_, kPings), evidence).value();
    Sign(challenges::PingTranscriptDigest(domain_, id_, digest_, hash),
         *evidence.mutable_transcript()->mutable_signature());
  }

  void AnswerBandwidth() {
    if (planned_.device == 2 && planned_.sequence == 0) {
      ShowOtherSlotsChallenge(1);
      return;
    }
    const bool full_line = planned_.device == 1 && planned_.sequence == 0;
    AddTest(v1::DOWN, full_line ? 60 : 110);
    AddTest(v1::UP, planned_.device == 6 ? 40 : 110);
    v1::BandwidthEvidence& evidence = *closed_.mutable_bandwidth();
    evidence.set_checker_out_bits_per_second(full_line ? 60 * kMegabit : 1000 * kMegabit);
    evidence.set_checker_in_bits_per_second(1000 * kMegabit);
    const Digest hash = challenges::BandwidthResultsHash(evidence.tests(0).measured().result(),
                                                         evidence.tests(1).measured().result());
    Sign(challenges::BandwidthTranscriptDigest(domain_, id_, digest_, hash),
         *evidence.mutable_transcript()->mutable_signature());
    closed_.set_transport(v1::COMPLETED);
    closed_.set_elapsed_ms(4900);
  }

  // Of a second, at so many Mbit/s, in which the line carries nothing else. Its process takes 2.2
  // s.
  void AddTest(v1::Direction direction, std::uint64_t megabits_per_second) {
    const std::uint64_t bytes = megabits_per_second * kMegabit / 8;
    const std::string iperf =
        absl::StrFormat(R"("iperf":{"end":{"sum_sent":{"bytes":%d,"seconds":1.000002},)"
                        R"("sum_received":{"bytes":%d,"seconds":1.000003}}}})",
                        bytes, bytes);
    v1::BandwidthEvidence::Test& test = *closed_.mutable_bandwidth()->add_tests();
    test.set_direction(direction);
    test.set_waited_ms(100);
    test.mutable_opened()->set_direction(direction);
    test.mutable_opened()->set_port(5201);
    test.mutable_opened()->set_rsa_public_key("a key");
    test.set_checker_result(absl::StrFormat(
        R"({"state":"completed","detail":"","link":{"interface":"eth0","out_bytes":%d,"in_bytes":%d,)"
        R"("elapsed_us":2200000},%s)",
        bytes * 11 / 5, bytes * 11 / 5, iperf));
    test.mutable_measured()->set_direction(direction);
    test.mutable_measured()->set_result(R"({"state":"completed","detail":"",)" + iperf);
  }

  void AnswerMatmul() {
    if (planned_.device == 7) {
      ShowOtherSlotsChallenge(planned_.device);
      return;
    }
    const challenges::MatmulShape shape{256, 2};
    const auto proof = challenges::MatmulProof::Compute(challenges::ChallengeSeed(key_, id_), shape,
                                                        *engine_, [] { return false; });
    KAISAR_CHECK(proof.ok());
    const std::uint64_t elapsed_ms = planned_.device == 6 ? 20'000 : 50;
    Commit(**proof, elapsed_ms);
    v1::MatmulOpeningBody body =
        (*proof)
            ->Open(challenges::DrawSamples(key_, id_, (*proof)->commitment(), shape,
                                           fixture_.policy().samples))
            .value();
    if (planned_.device == 5 && planned_.sequence == 0) {
      std::string& segment = *body.mutable_samples(0)->mutable_segment();
      segment[17] = static_cast<char>(segment[17] ^ 1);
    }
    v1::MatmulOpening& opening = *closed_.mutable_matmul()->mutable_opening();
    opening.set_body(body.SerializeAsString());
    Sign(challenges::MatmulOpeningDigest(domain_, id_, (*proof)->commitment(),
                                         Sha256(ViewOf(opening.body()))),
         *opening.mutable_signature());
    closed_.mutable_matmul()->set_opening_elapsed_ns(10 * kNsPerMs);
    closed_.set_transport(v1::COMPLETED);
    closed_.set_elapsed_ms(kPingingMs + elapsed_ms + 15);
  }

  void Commit(const challenges::MatmulProof& proof, std::uint64_t elapsed_ms) {
    commitment_ = std::make_unique<v1::CommitmentReceived>();
    commitment_->set_challenge_id(ToString(id_));
    v1::MatmulCommitment& commitment = *commitment_->mutable_commitment();
    commitment.set_challenge_id(ToString(id_));
    commitment.set_commitment(ToString(proof.commitment()));
    for (const Digest& root : proof.roots()) commitment.mutable_roots()->append(ToString(root));
    Sign(challenges::MatmulCommitmentDigest(domain_, id_, digest_, proof.commitment()),
         *commitment.mutable_signature());
    commitment_->set_elapsed_ns(elapsed_ms * kNsPerMs);
    for (std::uint64_t i = 0; i < 8; ++i) commitment_->add_ping_rtt_ns((3 + i) * kNsPerMs / 2);
    *AddEvent(closed_.sent_ms() + kPingingMs + elapsed_ms).mutable_commitment() = *commitment_;
  }

  // The other slot's challenge to a device as it would have been sent a moment before ours.
  void ShowOtherSlotsChallenge(std::uint32_t device) {
    v1::SignedChallenge& shown = *closed_.mutable_refusal()->mutable_running();
    shown = issued_.challenge();
    v1::Challenge& terms = *shown.mutable_challenge();
    terms.set_slot(EpochFixture::kOtherSlot);
    terms.set_device(device);
    terms.set_challenge_id(ToString(Sha256(id_)));
    challenges::SignChallenge(EpochFixture::SlotKey(EpochFixture::kOtherSlot), domain_, shown);
    closed_.set_transport(v1::DECLINED);
    closed_.set_elapsed_ms(4);
  }

  void Sign(const Digest& digest, std::string& signature) {
    signature = ToString(signing_key_->Sign(digest));
  }

  void Close(std::uint64_t at_ms, const v1::ChallengeIssued* issued) {
    const challenges::JudgeContext context{key_, roster_, fixture_.policy(), EpochFixture::kSlot,
                                           EpochFixture::kBeaconMs};
    const challenges::Judgement judged =
        challenges::Judge(context, {issued, commitment_.get(), &closed_});
    closed_.set_verdict(judged.verdict);
    closed_.set_reason(judged.reason);
    closed_.set_detail(judged.detail);
    *AddEvent(at_ms).mutable_closed() = closed_;
  }

  EpochFixture& fixture_;
  const v1::Roster roster_;
  const SigningDomain domain_;
  const challenges::EpochKey key_;
  const std::unique_ptr<kernels::MatmulEngine> engine_;
  std::vector<Event> events_;

  // Of the challenge that is being played.
  PlannedChallenge planned_;
  std::unique_ptr<SigningKey> signing_key_;
  Digest id_{};
  Digest digest_{};
  v1::ChallengeIssued issued_;
  std::unique_ptr<v1::CommitmentReceived> commitment_;
  v1::ChallengeClosed closed_;
};

}  // namespace

std::vector<v1::Record> PlayEpoch(EpochFixture& fixture) {
  const auto plan = challenges::MakePlan(fixture.key(), fixture.scope(), fixture.opened().roster(),
                                         fixture.policy());
  KAISAR_CHECK(plan.ok());
  Script script(fixture);
  for (const PlannedChallenge& planned : *plan) script.Play(planned);
  return script.Records();
}

}  // namespace kaisar::testing
