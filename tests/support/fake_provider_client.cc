#include "tests/support/fake_provider_client.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/sha256.h"
#include "challenges/latency/pings.h"
#include "challenges/matmul/prover.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "kaisar/v1/provider.pb.h"
#include "kernels/host_engine.h"

namespace kaisar::testing {
namespace {

using checker::CallEnd;
using checker::MatmulAnswer;
using checker::MatmulCallSpec;

constexpr int kPings = 8;  // before a matmul challenge

SigningKey KeyOf(std::uint8_t first, std::uint32_t id) {
  Digest secret{};
  secret[0] = first;
  secret[29] = static_cast<std::uint8_t>(id >> 16);
  secret[30] = static_cast<std::uint8_t>(id >> 8);
  secret[31] = static_cast<std::uint8_t>(id);
  auto key = SigningKey::Parse(secret);
  KAISAR_CHECK(key.ok());
  return *std::move(key);
}

std::string ToText(const Signature& signature) {
  return ToString(ByteView(signature));
}

Digest IdOf(const v1::SignedChallenge& challenge) {
  return challenges::ToDigest(challenge.challenge().challenge_id());
}

}  // namespace

/// One matmul call in simulated time.
class FakeMatmulCall final : public checker::MatmulCall,
                             public std::enable_shared_from_this<FakeMatmulCall> {
 public:
  FakeMatmulCall(FakeProviderClient& client, FakeProviderClient::Device& device, std::uint32_t id,
                 MatmulCallSpec spec, absl::AnyInvocable<void(v1::CommitmentReceived)> committed,
                 absl::AnyInvocable<void(MatmulAnswer)> done)
      : client_(client),
        device_(device),
        behaviour_(device.behaviour),
        id_(id),
        spec_(std::move(spec)),
        committed_(std::move(committed)),
        done_(std::move(done)) {}

  void Start() {
    started_ms_ = client_.clock_.WallMs();
    device_.most_matmul = std::max(device_.most_matmul, ++device_.matmul);
    client_.most_matmul_ = std::max(client_.most_matmul_, ++client_.matmul_);
    if (!behaviour_.reachable) return EndAfter(10, v1::NO_CONNECTION);
    if (behaviour_.silent) return EndAfter(spec_.connect_deadline_ms, v1::DEADLINE);
    if (behaviour_.declines) return EndAfter(5, v1::DECLINED);
    const std::uint32_t wait_ms = spec_.commitment_deadline_ms + spec_.grace_ms;
    if (behaviour_.compute_ms > wait_ms) return EndAfter(wait_ms, v1::DEADLINE);
    const std::uint64_t pinging_ms = kPings * std::uint64_t{behaviour_.rtt_us} / 1000;
    client_.clock_.After(pinging_ms + behaviour_.compute_ms,
                         [self = shared_from_this()] { self->Commit(); });
  }

  void SendSamples(const std::vector<challenges::MatmulSample>& samples) override {
    client_.NoteSent(id_, spec_.challenge, /*samples=*/true);
    if (behaviour_.mute_after_commitment) {
      return EndAfter(spec_.opening_deadline_ms, v1::DEADLINE);
    }
    client_.clock_.After(behaviour_.opening_ms,
                         [self = shared_from_this(), samples] { self->Open(samples); });
  }

  void Cancel() override { EndAfter(0, v1::ABANDONED); }

 private:
  void Commit() {
    if (ended_) return;
    const v1::MatmulParams params = challenges::MatmulParamsOf(spec_.challenge);
    const challenges::MatmulShape shape{params.n(), params.rounds()};
    const auto engine = kernels::MakeCpuEngine(1);
    auto proof =
        challenges::MatmulProof::Compute(challenges::ToDigest(spec_.challenge.challenge().seed()),
                                         shape, *engine, [] { return false; });
    KAISAR_CHECK(proof.ok());
    proof_ = *std::move(proof);
    v1::CommitmentReceived received;
    v1::MatmulCommitment& commitment = *received.mutable_commitment();
    commitment.set_challenge_id(spec_.challenge.challenge().challenge_id());
    commitment.set_commitment(ToString(proof_->commitment()));
    const std::size_t dropped = behaviour_.short_roots ? 1 : 0;
    for (std::size_t i = dropped; i < proof_->roots().size(); ++i) {
      commitment.mutable_roots()->append(ToString(proof_->roots()[i]));
    }
    commitment.set_signature(ToText(client_.Sign(
        device_, challenges::MatmulCommitmentDigest(
                     client_.domain_, IdOf(spec_.challenge),
                     challenges::ChallengeDigest(client_.domain_, spec_.challenge.challenge()),
                     proof_->commitment()))));
    received.set_elapsed_ns(std::uint64_t{behaviour_.compute_ms} * 1'000'000);
    for (int i = 0; i < kPings; ++i) received.add_ping_rtt_ns(behaviour_.rtt_us * 1000);
    committed_(std::move(received));
  }

  void Open(const std::vector<challenges::MatmulSample>& samples) {
    if (ended_) return;
    v1::MatmulOpeningBody body = proof_->Open(samples).value();
    if (behaviour_.changes_opening) (*body.mutable_samples(0)->mutable_segment())[0] ^= 1;
    v1::MatmulEvidence evidence;
    v1::MatmulOpening& opening = *evidence.mutable_opening();
    opening.set_body(body.SerializeAsString());
    opening.set_signature(
        ToText(client_.Sign(device_, challenges::MatmulOpeningDigest(
                                         client_.domain_, IdOf(spec_.challenge),
                                         proof_->commitment(), Sha256(ViewOf(opening.body()))))));
    evidence.set_opening_elapsed_ns(std::uint64_t{behaviour_.opening_ms} * 1'000'000);
    End(v1::COMPLETED, std::move(evidence));
  }

  void EndAfter(std::uint32_t ms, v1::Transport transport) {
    client_.clock_.After(ms, [self = shared_from_this(), transport] { self->End(transport, {}); });
  }

  void End(v1::Transport transport, v1::MatmulEvidence evidence) {
    if (ended_) return;
    ended_ = true;
    client_.spans_.push_back({id_, v1::MATMUL, started_ms_, client_.clock_.WallMs()});
    --device_.matmul;
    --client_.matmul_;
    MatmulAnswer answer;
    answer.end.transport = transport;
    answer.end.detail = "fake";
    if (transport == v1::DECLINED) answer.end.refusal.set_message("not today");
    answer.evidence = std::move(evidence);
    done_(std::move(answer));
  }

  FakeProviderClient& client_;
  FakeProviderClient::Device& device_;
  const FakeBehaviour behaviour_;
  const std::uint32_t id_;
  const MatmulCallSpec spec_;
  absl::AnyInvocable<void(v1::CommitmentReceived)> committed_;
  absl::AnyInvocable<void(MatmulAnswer)> done_;
  std::unique_ptr<challenges::MatmulProof> proof_;
  std::uint64_t started_ms_ = 0;
  bool ended_ = false;
};

void FakeProviderClient::AddDevice(std::uint32_t id, FakeBehaviour behaviour) {
  devices_.insert_or_assign(id, Device{KeyOf(1, id), behaviour});
}

void FakeProviderClient::NoteSent(std::uint32_t device, const v1::SignedChallenge& challenge,
                                  bool samples) {
  sent_.push_back({device, challenge.challenge().kind(), challenge.challenge().challenge_id(),
                   clock_.WallMs(), samples});
  if (on_sent) on_sent(sent_.back());
}

Signature FakeProviderClient::Sign(const Device& device, const Digest& digest) const {
  return device.behaviour.forges_signatures ? KeyOf(2, 0).Sign(digest) : device.key.Sign(digest);
}

checker::LatencyAnswer FakeProviderClient::Answer(const Device& device,
                                                  const checker::LatencyCallSpec& spec) const {
  checker::LatencyAnswer answer;
  answer.end.transport = v1::COMPLETED;
  for (std::uint32_t i = 0; i < spec.nonces.size(); ++i) {
    v1::LatencyEvidence::Echo& echo = *answer.evidence.add_echoes();
    echo.set_ping(i);
    echo.set_rtt_us(device.behaviour.rtt_us);
  }
  const auto nonces_hash = challenges::NoncesHash(spec.nonces, answer.evidence);
  KAISAR_CHECK(nonces_hash.ok());
  const Digest digest = challenges::PingTranscriptDigest(
      domain_, IdOf(spec.challenge),
      challenges::ChallengeDigest(domain_, spec.challenge.challenge()), *nonces_hash);
  answer.evidence.mutable_transcript()->set_signature(ToText(Sign(device, digest)));
  return answer;
}

void FakeProviderClient::RunLatency(const v1::Device& device, checker::LatencyCallSpec spec,
                                    absl::AnyInvocable<void(checker::LatencyAnswer)> done) {
  NoteSent(device.id(), spec.challenge, /*samples=*/false);
  const Device& fake = devices_.at(device.id());
  checker::LatencyAnswer answer;
  std::uint32_t after_ms = fake.behaviour.latency_ms;
  if (!fake.behaviour.reachable) {
    answer.end.transport = v1::NO_CONNECTION;
    after_ms = 10;
  } else if (fake.behaviour.silent || fake.behaviour.latency_ms > spec.deadline_ms) {
    answer.end.transport = v1::DEADLINE;
    after_ms = spec.deadline_ms;
  } else if (fake.behaviour.declines) {
    answer.end.transport = v1::DECLINED;
    answer.end.refusal.set_message("not today");
  } else {
    answer = Answer(fake, spec);
  }
  auto shared = std::make_shared<absl::AnyInvocable<void(checker::LatencyAnswer)>>(std::move(done));
  spans_.push_back({device.id(), v1::LATENCY, clock_.WallMs(), clock_.WallMs() + after_ms});
  clock_.After(after_ms, [shared, answer] { (*shared)(answer); });
}

std::shared_ptr<checker::MatmulCall> FakeProviderClient::StartMatmul(
    const v1::Device& device, MatmulCallSpec spec,
    absl::AnyInvocable<void(v1::CommitmentReceived)> committed,
    absl::AnyInvocable<void(MatmulAnswer)> done) {
  NoteSent(device.id(), spec.challenge, /*samples=*/false);
  auto call =
      std::make_shared<FakeMatmulCall>(*this, devices_.at(device.id()), device.id(),
                                       std::move(spec), std::move(committed), std::move(done));
  call->Start();
  return call;
}

void FakeProviderClient::Describe(const v1::Device& device, std::uint32_t deadline_ms,
                                  absl::AnyInvocable<void(checker::DescribeAnswer)> done) {
  asked_.push_back({device.id(), clock_.WallMs(), deadline_ms});
  const FakeBehaviour& behaviour = devices_.at(device.id()).behaviour;
  checker::DescribeAnswer answer;
  std::uint32_t after_ms = behaviour.describe_ms;
  if (!behaviour.reachable) {
    answer.end.transport = v1::NO_CONNECTION;
    answer.end.detail = "no connection";
    after_ms = 10;
  } else if (after_ms > deadline_ms) {
    answer.end.transport = v1::DEADLINE;
    answer.end.detail = "no answer";
    after_ms = deadline_ms;
  } else {
    answer.end.transport = v1::COMPLETED;
    v1::DescribeResponse honest;
    honest.set_software("fake");
    for (const auto& [id, other] : devices_) {
      v1::DeviceDescription& entry = *honest.add_devices();
      entry.set_id(id);
      entry.set_backend("said by " + std::to_string(device.id()));
    }
    answer.response = behaviour.response.value_or(honest.SerializeAsString());
  }
  auto shared =
      std::make_shared<absl::AnyInvocable<void(checker::DescribeAnswer)>>(std::move(done));
  clock_.After(after_ms, [shared, answer] { (*shared)(answer); });
}

void FakeProber::Probe(std::vector<std::string> endpoints, unsigned deadline_ms,
                       absl::AnyInvocable<void(checker::ReachabilityResult)> done) {
  checker::ReachabilityResult result;
  result.tried = static_cast<unsigned>(endpoints.size());
  result.reached = online ? result.tried : 0;
  probes.push_back(std::move(endpoints));
  auto shared =
      std::make_shared<absl::AnyInvocable<void(checker::ReachabilityResult)>>(std::move(done));
  clock_.After(online ? 5 : deadline_ms, [shared, result] { (*shared)(result); });
}

}  // namespace kaisar::testing
