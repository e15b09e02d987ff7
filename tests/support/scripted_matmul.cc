#include "tests/support/scripted_matmul.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/sha256.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"
#include "kernels/host_engine.h"
#include "tests/support/lying_engine.h"

namespace kaisar::testing {
void ScriptedMatmul::OnMessage(const v1::MatmulRequest& request) {
  switch (request.body_case()) {
    case v1::MatmulRequest::kPing:
      return OnPing(request.ping());
    case v1::MatmulRequest::kChallenge:
      return OnChallenge(request.challenge());
    case v1::MatmulRequest::kSamples:
      return OnSamples(request.samples());
    case v1::MatmulRequest::BODY_NOT_SET:
      return End(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "empty request"));
  }
}

void ScriptedMatmul::OnPing(const std::string& nonce) {
  // The pings come before the challenge says which device is meant: what lies in them is a
  // behaviour of the first device that this provider stands for.
  const Behaviour behaviour = FindBehaviour(cast_.behaviours, cast_.first_device, v1::MATMUL);
  v1::MatmulResponse response;
  response.set_echo(nonce);
  if (behaviour.cheat == Cheat::kDropPings) return;
  if (behaviour.cheat == Cheat::kWrongEcho && !nonce.empty()) {
    response.mutable_echo()->back() = static_cast<char>(nonce.back() ^ 1);
  }
  SendAfter(behaviour.cheat == Cheat::kLatePings ? behaviour.value : 0, response);
}

void ScriptedMatmul::OnChallenge(const v1::SignedChallenge& challenge) {
  const std::uint64_t received_ns = RealClock().MonotonicNs();
  if (const absl::Status valid = challenges::ValidateChallenge(challenge); !valid.ok()) {
    return End(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, std::string(valid.message())));
  }
  challenge_ = challenge;
  behaviour_ = FindBehaviour(cast_.behaviours, challenge.challenge().device(), v1::MATMUL);
  const auto refusal = cast_.RefusalOf(behaviour_, challenge);
  {
    MutexLock lock(cast_.mutex);
    if (!cast_.first_challenge.has_value()) cast_.first_challenge = challenge;
  }
  if (refusal.has_value()) {
    v1::MatmulResponse response;
    *response.mutable_refusal() = *refusal;
    Send(response);
    return End(grpc::Status::OK);
  }
  switch (behaviour_.cheat) {
    case Cheat::kSilent:
      return;
    case Cheat::kReset:
      return Reset();
    case Cheat::kHugeMessage:
      return Send(HugeMatmulResponse(behaviour_.value));
    case Cheat::kEndless:
      endless_ = true;
      return OnAllSent();
    default:
      cast_.worker.Run([self = self(), this, received_ns] { Work(received_ns); });
  }
}

void ScriptedMatmul::Work(std::uint64_t received_ns) {
  if (over()) return;
  const v1::MatmulParams params = challenges::MatmulParamsOf(challenge_);
  std::shared_ptr<const ScriptedProof> last;
  {
    MutexLock lock(cast_.mutex);
    last = cast_.last_proof;
  }
  if (behaviour_.cheat == Cheat::kReplayLast && last != nullptr &&
      last->rounds() == params.rounds()) {
    proof_ = last;
  } else {
    const auto engine = MakeLyingEngine(behaviour_, kernels::MakeCpuEngine(cast_.threads));
    auto proof =
        ScriptedProof::Compute(challenges::ToDigest(challenge_.challenge().seed()),
                               challenges::MatmulShape{.n = params.n(), .rounds = params.rounds()},
                               *engine, [this] { return over(); });
    if (!proof.ok()) {
      return End(grpc::Status(grpc::StatusCode::INTERNAL, std::string(proof.status().message())));
    }
    proof_ = *std::move(proof);
    MutexLock lock(cast_.mutex);
    if (behaviour_.cheat == Cheat::kReplayLast) cast_.last_proof = proof_;
  }
  std::uint64_t delay_ms = 0;
  if (behaviour_.cheat == Cheat::kCommitmentAfter) {
    const std::uint64_t spent_ms = (RealClock().MonotonicNs() - received_ns) / 1'000'000;
    delay_ms = behaviour_.value > spent_ms ? behaviour_.value - spent_ms : 0;
  }
  std::string roots = proof_->Roots();
  SendAfter(delay_ms, Commit(roots));
  if (behaviour_.cheat == Cheat::kTwoCommitments) {
    roots[0] = static_cast<char>(roots[0] ^ 1);
    Send(Commit(roots));
  }
}

v1::MatmulResponse ScriptedMatmul::Commit(const std::string& roots) const {
  const v1::Challenge& challenge = challenge_.challenge();
  v1::MatmulResponse response;
  v1::MatmulCommitment& commitment = *response.mutable_commitment();
  Digest id = challenges::ToDigest(challenge.challenge_id());
  if (behaviour_.cheat == Cheat::kOtherDeviceAnswer) id = Sha256(id);
  commitment.set_challenge_id(ToString(id));
  commitment.set_roots(roots);
  const Digest hash = Sha256(ViewOf(commitment.roots()));
  commitment.set_commitment(ToString(hash));
  if (behaviour_.cheat != Cheat::kUnsigned) {
    commitment.set_signature(SignAs(challenges::MatmulCommitmentDigest(
        cast_.domain, id, challenges::ChallengeDigest(cast_.domain, challenge), hash)));
  }
  return response;
}

std::string ScriptedMatmul::SignAs(const Digest& digest) const {
  const std::uint32_t device = challenge_.challenge().device();
  if (behaviour_.cheat == Cheat::kForeignKey) return ToString(DeviceKey(device + 1).Sign(digest));
  return ToString(cast_.Sign(device, digest));
}

void ScriptedMatmul::OnSamples(const v1::SampleRequest& request) {
  switch (behaviour_.cheat) {
    case Cheat::kSilent:
    case Cheat::kSilentAfterCommitment:
      return;
    case Cheat::kCloseHalfWay:
      return End(grpc::Status::OK);
    case Cheat::kRefuseOpening: {
      v1::MatmulResponse response;
      response.mutable_refusal()->set_message("not these samples");
      Send(response);
      return End(grpc::Status::OK);
    }
    default:
      break;
  }
  const v1::MatmulParams params = challenges::MatmulParamsOf(challenge_);
  std::vector<challenges::MatmulSample> samples;
  for (const v1::Sample& sample : request.samples()) {
    if (sample.j() >= params.rounds() || sample.r() >= params.n() || sample.c() >= params.n()) {
      return End(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "sample outside the shape"));
    }
    samples.push_back({.j = sample.j(), .r = sample.r(), .c = sample.c()});
  }
  cast_.worker.Run([self = self(), this, samples = std::move(samples)] { Open(samples); });
}

void ScriptedMatmul::Open(const std::vector<challenges::MatmulSample>& samples) {
  if (proof_ == nullptr) {
    return End(grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "samples before commitment"));
  }
  v1::MatmulOpeningBody body = proof_->Open(samples);
  LieInOpening(behaviour_.cheat, body);
  const Digest id = challenges::ToDigest(challenge_.challenge().challenge_id());
  v1::MatmulResponse response;
  v1::MatmulOpening& opening = *response.mutable_opening();
  opening.set_body(body.SerializeAsString());
  if (behaviour_.cheat != Cheat::kUnsignedOpening) {
    opening.set_signature(SignAs(challenges::MatmulOpeningDigest(
        cast_.domain, id, Sha256(ViewOf(proof_->Roots())), Sha256(ViewOf(opening.body())))));
  }
  const std::uint64_t delay_ms = behaviour_.cheat == Cheat::kOpeningAfter ? behaviour_.value : 0;
  SendAfter(delay_ms, response);
  EndAfter(delay_ms + (delay_ms > 0 ? 1 : 0), grpc::Status::OK);
}

void ScriptedMatmul::OnEndOfMessages() {
  // The answers are still to come; a provider that stays silent also leaves the stream open.
  if (challenge_.params().empty()) End(grpc::Status::OK);
}

void ScriptedMatmul::OnAllSent() {
  if (!endless_) return;
  v1::MatmulResponse response;
  response.set_echo(std::string(8, '\0'));
  Send(response);
}

}  // namespace kaisar::testing
