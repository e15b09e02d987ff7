#include "tests/support/scripted_latency.h"

#include "base/sha256.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"

namespace kaisar::testing {

void ScriptedLatency::OnMessage(const v1::LatencyRequest& request) {
  switch (request.body_case()) {
    case v1::LatencyRequest::kChallenge:
      return OnChallenge(request.challenge());
    case v1::LatencyRequest::kNonce:
      return OnNonce(request.nonce());
    case v1::LatencyRequest::kFinish:
      return OnFinish();
    case v1::LatencyRequest::BODY_NOT_SET:
      return End(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "empty request"));
  }
}

void ScriptedLatency::OnChallenge(const v1::SignedChallenge& challenge) {
  if (const absl::Status valid = challenges::ValidateChallenge(challenge); !valid.ok()) {
    return End(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, std::string(valid.message())));
  }
  challenge_ = challenge;
  behaviour_ = FindBehaviour(cast_.behaviours, challenge.challenge().device(), v1::LATENCY);
  if (const auto refusal = cast_.RefusalOf(behaviour_, challenge); refusal.has_value()) {
    v1::LatencyResponse response;
    *response.mutable_refusal() = *refusal;
    Send(response);
    return End(grpc::Status::OK);
  }
  switch (behaviour_.cheat) {
    case Cheat::kSilent:
      return;
    case Cheat::kReset:
      return Reset();
    case Cheat::kClaimsDeadline:
      return End(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "too late"));
    case Cheat::kHugeMessage:
      return Send(HugeLatencyResponse(behaviour_.value));
    case Cheat::kEndless:
      endless_ = true;
      break;
    default:
      break;
  }
  v1::LatencyResponse response;
  response.mutable_accepted();
  Send(response);
}

void ScriptedLatency::OnNonce(const std::string& nonce) {
  const std::uint64_t index = received_++;
  v1::LatencyResponse response;
  response.set_echo(nonce);
  switch (behaviour_.cheat) {
    case Cheat::kSilent:
      return;
    case Cheat::kCloseHalfWay:
      return End(grpc::Status::OK);
    case Cheat::kDropPings:
      // Drops VALUE of every 100, spread evenly.
      if ((index + 1) * behaviour_.value / 100 > index * behaviour_.value / 100) return;
      break;
    case Cheat::kWrongEcho:
      response.mutable_echo()->back() = static_cast<char>(response.echo().back() ^ 1);
      break;
    case Cheat::kRepeatedEcho:
      Send(response);
      break;
    default:
      break;
  }
  echoed_ += response.echo();
  SendAfter(behaviour_.cheat == Cheat::kLatePings ? behaviour_.value : 0, response);
}

void ScriptedLatency::OnFinish() {
  if (behaviour_.cheat == Cheat::kSilent || behaviour_.cheat == Cheat::kSilentAfterCommitment) {
    return;
  }
  const v1::Challenge& challenge = challenge_.challenge();
  Digest id = challenges::ToDigest(challenge.challenge_id());
  if (behaviour_.cheat == Cheat::kOtherDeviceAnswer) id = Sha256(id);
  if (behaviour_.cheat == Cheat::kWrongTranscript && !echoed_.empty()) echoed_[0] ^= 1;
  const Digest digest = challenges::PingTranscriptDigest(
      cast_.domain, id, challenges::ChallengeDigest(cast_.domain, challenge),
      Sha256(ViewOf(echoed_)));
  const std::uint32_t signer =
      challenge.device() + (behaviour_.cheat == Cheat::kForeignKey ? 1 : 0);
  v1::LatencyResponse response;
  v1::PingTranscript& transcript = *response.mutable_transcript();
  if (behaviour_.cheat == Cheat::kForeignKey) {
    transcript.set_signature(ToString(DeviceKey(signer).Sign(digest)));
  } else if (behaviour_.cheat != Cheat::kUnsignedTranscript &&
             behaviour_.cheat != Cheat::kUnsigned) {
    transcript.set_signature(ToString(cast_.Sign(signer, digest)));
  }
  if (behaviour_.cheat == Cheat::kUnknownFields) {
    transcript.GetReflection()->MutableUnknownFields(&transcript)->AddVarint(1000, 1);
  }
  const std::uint64_t delay_ms = behaviour_.cheat == Cheat::kLatePings ? behaviour_.value : 0;
  SendAfter(delay_ms, response);
  if (delay_ms == 0) {
    End(grpc::Status::OK);
  } else {
    EndAfter(delay_ms + 1, grpc::Status::OK);
  }
}

void ScriptedLatency::OnEndOfMessages() {
  switch (behaviour_.cheat) {
    case Cheat::kSilent:
    case Cheat::kSilentAfterCommitment:
    case Cheat::kEndless:
    case Cheat::kLatePings:
      return;
    default:
      return End(grpc::Status::OK);
  }
}

void ScriptedLatency::OnAllSent() {
  if (!endless_) return;
  v1::LatencyResponse response;
  response.set_echo(std::string(8, '\0'));
  Send(response);
}

}  // namespace kaisar::testing
