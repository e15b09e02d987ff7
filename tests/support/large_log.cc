#include "tests/support/large_log.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "audit/epoch_report.h"
#include "audit/log_writer.h"
#include "audit/report.h"
#include "base/check.h"
#include "base/file.h"
#include "base/keys/hash_chain.h"
#include "base/sha256.h"
#include "base/signing_key.h"
#include "challenges/judge.h"
#include "challenges/latency/pings.h"
#include "challenges/matmul/prover.h"
#include "challenges/matmul/samples.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "kernels/host_engine.h"

namespace kaisar::testing {
namespace {

constexpr std::uint32_t kSlot = 3;
constexpr std::uint32_t kEpoch = 7;
constexpr std::uint64_t kChainId = 31337;
constexpr std::uint64_t kBeaconMs = 1'767'225'600'000;
constexpr std::uint64_t kEpochMs = 86'400'000;
constexpr std::uint32_t kPings = 16;
constexpr std::uint64_t kNsPerMs = 1'000'000;

SigningKey KeyFrom(const std::string& text) {
  return SigningKey::Parse(Sha256(ViewOf(text))).value();
}

std::string PolicyYaml(const LargeLogShape& shape) {
  const std::string matmul =
      shape.matmul == 0 ? ""
                        : absl::StrFormat("    matmul: {count: %d, weight: 1, least_evidence: 1}\n",
                                          shape.matmul);
  const std::string phase = absl::StrFormat(
      "    latency: {count: %d, weight: 1, least_evidence: 1}\n%s", shape.latency, matmul);
  return absl::StrFormat(
      "version: 1\nsamples: %d\nslack_ms: 2000\nguard_ms: 150000\nregistration_window_ms: 3600000\n"
      "clock_step_ms: 1000\nlatency: {pings: %d, spacing_ms: 20, deadline_ms: 5000, target_us: "
      "50000, limit_us: 500000}\nphases:\n  registering:\n%s  standby:\n%s  in_service:\n%s"
      "classes:\n  some: {n: %d, rounds: %d, commitment_deadline_ms: 30000, opening_deadline_ms: "
      "30000}\n",
      shape.samples, kPings, phase, phase, phase, shape.n, shape.rounds);
}

v1::Roster MakeRoster(const LargeLogShape& shape, const HashChain& secrets) {
  v1::Roster roster;
  roster.set_chain_id(kChainId);
  roster.set_contract(std::string(20, '\0'));
  for (std::uint32_t id = 1; id <= shape.devices; ++id) {
    v1::Device& device = *roster.add_devices();
    device.set_id(id);
    const Address device_key = KeyFrom(absl::StrCat("device", id)).address();
    device.set_owner(ToString(device_key));
    device.set_key(ToString(device_key));
    device.set_tls_pin(std::string(32, 'p'));
    device.set_endpoint("127.0.0.1:7000");
    device.set_device_class("some");
    device.set_region("eu");
    device.set_phase(v1::STANDBY);
    device.set_ops_per_second(1'000'000'000);
    device.set_down_bits_per_second(1'000'000'000);
    device.set_up_bits_per_second(1'000'000'000);
  }
  v1::Slot& slot = *roster.add_slots();
  slot.set_id(kSlot);
  slot.set_key(ToString(KeyFrom("slot").address()));
  slot.set_tls_pin(std::string(32, 's'));
  slot.set_anchor(ToString(secrets.anchor()));
  slot.set_anchor_epoch(kEpoch);
  return roster;
}

/// Plays the challenges one after the other into a log.
class Player {
 public:
  Player(const LargeLogShape& shape, const std::string& log_path)
      : shape_(shape),
        secrets_(HashChain::Make(Sha256(ViewOf("a chain")), 1, kEpoch).value()),
        secret_(secrets_.Secret(kEpoch).value()),
        beacon_(Sha256(ViewOf("a beacon"))),
        scope_{kChainId, kEpoch, kSlot, kEpochMs, beacon_},
        key_(challenges::EpochKey::Derive(secret_, beacon_, kChainId, kSlot, kEpoch)),
        policy_(challenges::ParsePolicy("policy", PolicyYaml(shape)).value()),
        roster_(MakeRoster(shape, secrets_)),
        domain_(challenges::DomainOf(roster_)),
        engine_(kernels::MakeCpuEngine(1)),
        log_(audit::LogWriter::Create(log_path).value()) {
    for (std::uint32_t id = 1; id <= shape.devices; ++id) {
      device_keys_.push_back(KeyFrom(absl::StrCat("device", id)));
    }
  }

  void Play() {
    v1::Record first;
    v1::EpochOpened& opened = *first.mutable_epoch_opened();
    opened.set_version(1);
    opened.set_epoch(kEpoch);
    opened.set_slot(kSlot);
    opened.set_beacon(ToString(beacon_));
    opened.set_beacon_ms(kBeaconMs);
    opened.set_epoch_end_ms(kBeaconMs + kEpochMs);
    *opened.mutable_roster() = roster_;
    opened.set_policy(PolicyYaml(shape_));
    Append(first);
    const auto plan = challenges::MakePlan(key_, scope_, roster_, policy_);
    KAISAR_CHECK(plan.ok());
    for (const challenges::PlannedChallenge& planned : *plan) {
      PlayOne(planned);
    }
    v1::Record last;
    last.mutable_epoch_closed()->set_secret(ToString(secret_));
    last.mutable_epoch_closed()->set_closed_ms(kBeaconMs + kEpochMs);
    Append(last);
    KAISAR_CHECK(log_->Finish().ok());
  }

  const SigningKey& slot_key() const { return slot_key_; }

 private:
  static std::string Signed(const SigningKey& key, const Digest& digest) {
    return ToString(key.Sign(digest));
  }

  void Append(const v1::Record& record) {
    log_->Append(record.SerializeAsString(),
                 [](absl::Status status) { KAISAR_CHECK(status.ok()); });
  }

  void PlayOne(const challenges::PlannedChallenge& planned) {
    v1::Record issued;
    v1::SignedChallenge& challenge = *issued.mutable_issued()->mutable_challenge();
    challenge =
        challenges::MakeChallenge(key_, scope_, kBeaconMs, planned,
                                  *challenges::FindDevice(roster_, planned.device), policy_);
    challenges::SignChallenge(slot_key_, domain_, challenge);
    issued.mutable_issued()->set_sequence(planned.sequence);
    issued.mutable_issued()->set_issued_ms(kBeaconMs + planned.due_ms);
    Append(issued);
    v1::Record record;
    v1::ChallengeClosed& closed = *record.mutable_closed();
    closed.set_challenge_id(challenge.challenge().challenge_id());
    closed.set_device(planned.device);
    closed.set_kind(planned.kind);
    closed.set_sequence(planned.sequence);
    closed.set_due_ms(planned.due_ms);
    closed.set_sent_ms(planned.due_ms + 2);
    closed.set_elapsed_ms(400);
    closed.set_transport(v1::COMPLETED);
    closed.set_verdict(v1::PASS);
    const Digest digest = challenges::ChallengeDigest(domain_, challenge.challenge());
    const SigningKey& device_key = device_keys_[planned.device - 1];
    if (planned.kind == v1::LATENCY) {
      AnswerLatency(digest, device_key, closed);
    } else {
      AnswerMatmul(digest, device_key, closed);
    }
    Append(record);
  }

  void AnswerLatency(const Digest& digest, const SigningKey& device_key,
                     v1::ChallengeClosed& closed) {
    const Digest id = challenges::ToDigest(closed.challenge_id());
    v1::LatencyEvidence& evidence = *closed.mutable_latency();
    for (std::uint32_t ping = 0; ping < kPings; ++ping) {
      v1::LatencyEvidence::Echo& echo = *evidence.add_echoes();
      echo.set_ping(ping);
      echo.set_rtt_us(1000 * closed.device() % 60'000 + closed.sequence() % 1000 + ping);
    }
    const Digest hash =
        challenges::NoncesHash(challenges::PingNonces(key_, id, kPings), evidence).value();
    evidence.mutable_transcript()->set_signature(
        Signed(device_key, challenges::PingTranscriptDigest(domain_, id, digest, hash)));
  }

  void AnswerMatmul(const Digest& digest, const SigningKey& device_key,
                    v1::ChallengeClosed& closed) {
    const Digest id = challenges::ToDigest(closed.challenge_id());
    const challenges::MatmulShape shape{shape_.n, shape_.rounds};
    const auto proof = challenges::MatmulProof::Compute(challenges::ChallengeSeed(key_, id), shape,
                                                        *engine_, [] { return false; });
    KAISAR_CHECK(proof.ok());
    const Digest value = (*proof)->commitment();
    v1::Record received;
    v1::CommitmentReceived& commitment = *received.mutable_commitment();
    commitment.set_challenge_id(closed.challenge_id());
    commitment.set_elapsed_ns(200 * kNsPerMs);
    for (std::uint64_t i = 0; i < 8; ++i) commitment.add_ping_rtt_ns((3 + i) * kNsPerMs / 2);
    v1::MatmulCommitment& answer = *commitment.mutable_commitment();
    answer.set_challenge_id(closed.challenge_id());
    answer.set_commitment(ToString(value));
    for (const Digest& root : (*proof)->roots()) answer.mutable_roots()->append(ToString(root));
    answer.set_signature(
        Signed(device_key, challenges::MatmulCommitmentDigest(domain_, id, digest, value)));
    Append(received);
    const auto samples = challenges::DrawSamples(key_, id, value, shape, policy_.samples);
    v1::MatmulOpening& opening = *closed.mutable_matmul()->mutable_opening();
    opening.set_body((*proof)->Open(samples).value().SerializeAsString());
    opening.set_signature(Signed(
        device_key,
        challenges::MatmulOpeningDigest(domain_, id, value, Sha256(ViewOf(opening.body())))));
    closed.mutable_matmul()->set_opening_elapsed_ns(10 * kNsPerMs);
  }

  const LargeLogShape shape_;
  const HashChain secrets_;
  const Digest secret_;
  const Digest beacon_;
  const challenges::EpochScope scope_;
  const challenges::EpochKey key_;
  const challenges::Policy policy_;
  const v1::Roster roster_;
  const SigningDomain domain_;
  const SigningKey slot_key_ = KeyFrom("slot");
  std::vector<SigningKey> device_keys_;
  const std::unique_ptr<kernels::MatmulEngine> engine_;
  const std::unique_ptr<audit::LogWriter> log_;
};

}  // namespace

void WriteLargeLog(const LargeLogShape& shape, const std::string& log_path,
                   const std::string& report_path) {
  Player player(shape, log_path);
  player.Play();
  const auto made = audit::MakeReport(log_path);
  KAISAR_CHECK(made.ok());
  audit::SignedReport report;
  report.report = made->report;
  report.signature = player.slot_key().Sign(audit::ReportDigest(report.report));
  report.signer = player.slot_key().address();
  KAISAR_CHECK(WriteFile(report_path, audit::SerializeReport(report)).ok());
}

}  // namespace kaisar::testing
