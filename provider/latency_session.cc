#include "provider/latency_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "challenges/signed_messages.h"
#include "provider/event_log.h"

namespace kaisar::provider {
namespace {

constexpr std::size_t kNonceBytes = 8;  // docs/protocol.md, section 5

}  // namespace

LatencySession::LatencySession(const Peer& peer, const SessionServices& services)
    : peer_(peer),
      services_(services),
      deadline_ns_(DeadlineNs(services.clock, services.limits.idle_ms)) {}

Step<v1::LatencyResponse> LatencySession::OnRequest(const v1::LatencyRequest& request) {
  switch (request.body_case()) {
    case v1::LatencyRequest::kChallenge:
      return OnChallenge(request.challenge());
    case v1::LatencyRequest::kNonce:
      return OnNonce(request.nonce());
    case v1::LatencyRequest::kFinish:
      return OnFinish();
    case v1::LatencyRequest::BODY_NOT_SET:
      break;
  }
  return End(absl::InvalidArgumentError("message is neither challenge, nonce nor finish"));
}

Step<v1::LatencyResponse> LatencySession::OnChallenge(const v1::SignedChallenge& challenge) {
  if (state_ != State::kChallenge) {
    return End(absl::InvalidArgumentError("second challenge on one stream"));
  }
  Decision decision = services_.admission.Decide(peer_, v1::LATENCY, challenge);
  if (absl::Status* status = std::get_if<absl::Status>(&decision)) return End(*status);
  peer_.slot = challenge.challenge().slot();
  if (v1::Refusal* refusal = std::get_if<v1::Refusal>(&decision)) {
    LogEvent(EventLevel::kInfo, "refused",
             {{"kind", "latency"},
              {"slot", peer_.slot},
              {"device", challenge.challenge().device()},
              {"challenge", ShortId(ViewOf(challenge.challenge().challenge_id()))},
              {"reason", refusal->message()}});
    Step<Response> step = End(absl::OkStatus());
    *step.response.emplace().mutable_refusal() = std::move(*refusal);
    return step;
  }
  taken_ = std::get<Taken>(std::move(decision));
  params_ = challenges::LatencyParamsOf(challenge);
  expiry_ns_ = ExpiryNs(services_.clock, challenge.challenge().expires_at_ms());
  state_ = State::kNonces;
  Rest(params_.spacing_ms());
  Step<Response> step;
  step.response.emplace().mutable_accepted();
  return step;
}

Step<v1::LatencyResponse> LatencySession::OnNonce(const std::string& nonce) {
  if (state_ != State::kNonces) {
    return End(absl::InvalidArgumentError("nonce before the challenge"));
  }
  if (nonce.size() != kNonceBytes) {
    return End(absl::InvalidArgumentError(
        absl::StrCat("nonce is ", nonce.size(), " bytes, expected ", kNonceBytes)));
  }
  if (echoed_ == params_.pings()) {
    return End(absl::InvalidArgumentError(
        absl::StrCat("more nonces than the ", params_.pings(), " of the challenge")));
  }
  ++echoed_;
  nonces_.Update(ViewOf(nonce));
  Rest(params_.spacing_ms());
  Step<Response> step;
  step.response.emplace().set_echo(nonce);
  return step;
}

Step<v1::LatencyResponse> LatencySession::OnFinish() {
  if (state_ != State::kNonces) {
    return End(absl::InvalidArgumentError("finish before the challenge"));
  }
  const SigningKey& key = services_.worker(taken_.device).device().key;
  const Signature signature = key.Sign(challenges::PingTranscriptDigest(
      services_.domain, taken_.challenge_id, taken_.challenge_digest, nonces_.Finish()));
  LogEvent(EventLevel::kInfo, "echoed",
           {{"slot", peer_.slot},
            {"device", taken_.device},
            {"challenge", ShortId(taken_.challenge_id)},
            {"nonces", echoed_}});
  Step<Response> step = End(absl::OkStatus());
  step.response.emplace().mutable_transcript()->set_signature(ToString(signature));
  return step;
}

Step<v1::LatencyResponse> LatencySession::OnDeadline() {
  Close();
  return {std::nullopt, absl::DeadlineExceededError(absl::StrCat(
                            "no message for ", services_.limits.idle_ms + params_.spacing_ms(),
                            " ms, or the challenge has expired"))};
}

void LatencySession::Rest(std::uint64_t ms) {
  deadline_ns_ = std::min(expiry_ns_, DeadlineNs(services_.clock, services_.limits.idle_ms + ms));
}

Step<v1::LatencyResponse> LatencySession::End(absl::Status status) {
  if (!status.ok()) {
    LogEvent(EventLevel::kWarning, "ended",
             {{"kind", "latency"}, {"slot", peer_.slot}, {"status", status.ToString()}});
  }
  state_ = State::kEnded;
  Step<Response> step;
  step.end = std::move(status);
  return step;
}

}  // namespace kaisar::provider
