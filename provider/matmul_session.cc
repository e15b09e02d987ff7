#include "provider/matmul_session.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "challenges/signed_messages.h"
#include "provider/event_log.h"

namespace kaisar::provider {
namespace {

// docs/protocol.md, section 4: a checker sends eight; proto/kaisar/v1/provider.proto: at most 16.
constexpr std::uint32_t kMostPings = 16;
constexpr std::size_t kPingBytes = 8;

}  // namespace

MatmulSession::MatmulSession(const Peer& peer, const SessionServices& services,
                             MatmulJob::Reply reply)
    : peer_(peer),
      services_(services),
      reply_(std::move(reply)),
      deadline_ns_(DeadlineNs(services.clock, services.limits.idle_ms)) {}

Step<v1::MatmulResponse> MatmulSession::OnRequest(const v1::MatmulRequest& request) {
  switch (request.body_case()) {
    case v1::MatmulRequest::kPing:
      return OnPing(request.ping());
    case v1::MatmulRequest::kChallenge:
      return OnChallenge(request.challenge());
    case v1::MatmulRequest::kSamples:
      return OnSamples(request.samples());
    case v1::MatmulRequest::BODY_NOT_SET:
      break;
  }
  return End(absl::InvalidArgumentError("message is neither ping, challenge nor samples"));
}

Step<v1::MatmulResponse> MatmulSession::OnPing(const std::string& ping) {
  if (state_ != State::kPings) {
    return End(absl::InvalidArgumentError("ping after the challenge"));
  }
  if (ping.size() != kPingBytes) {
    return End(absl::InvalidArgumentError(
        absl::StrCat("ping is ", ping.size(), " bytes, expected ", kPingBytes)));
  }
  if (++pings_ > kMostPings) {
    return End(absl::InvalidArgumentError(
        absl::StrCat("more than ", kMostPings, " pings before the challenge")));
  }
  deadline_ns_ = DeadlineNs(services_.clock, services_.limits.idle_ms);
  Step<Response> step;
  step.response.emplace().set_echo(ping);
  return step;
}

Step<v1::MatmulResponse> MatmulSession::OnChallenge(const v1::SignedChallenge& challenge) {
  if (state_ != State::kPings) {
    return End(absl::InvalidArgumentError("second challenge on one stream"));
  }
  Decision decision = services_.admission.Decide(peer_, v1::MATMUL, challenge);
  challenge_id_ = ShortId(ViewOf(challenge.challenge().challenge_id()));
  if (absl::Status* status = std::get_if<absl::Status>(&decision)) return End(*status);
  peer_.slot = challenge.challenge().slot();
  if (v1::Refusal* refusal = std::get_if<v1::Refusal>(&decision)) {
    LogEvent(EventLevel::kInfo, "refused",
             {{"kind", "matmul"},
              {"slot", peer_.slot},
              {"device", challenge.challenge().device()},
              {"challenge", challenge_id_},
              {"reason", refusal->message()}});
    Step<Response> step = End(absl::OkStatus());
    *step.response.emplace().mutable_refusal() = std::move(*refusal);
    return step;
  }
  Taken& taken = std::get<Taken>(decision);
  params_ = challenges::MatmulParamsOf(challenge);
  deadline_ns_ = ExpiryNs(services_.clock, challenge.challenge().expires_at_ms());
  state_ = State::kWorking;
  MatmulWorker& worker = services_.worker(taken.device);
  job_ = worker.Start(std::move(taken), challenge, std::move(reply_));
  LogEvent(EventLevel::kInfo, "taken",
           {{"kind", "matmul"},
            {"slot", peer_.slot},
            {"device", challenge.challenge().device()},
            {"challenge", challenge_id_},
            {"n", params_.n()},
            {"rounds", params_.rounds()}});
  return {};
}

Step<v1::MatmulResponse> MatmulSession::OnSamples(const v1::SampleRequest& request) {
  if (state_ != State::kCommitted) {
    return End(absl::InvalidArgumentError("samples are asked when no commitment waits for them"));
  }
  if (request.samples().size() != static_cast<int>(params_.samples())) {
    return End(absl::InvalidArgumentError(absl::StrCat(
        request.samples().size(), " samples are asked, the challenge says ", params_.samples())));
  }
  std::vector<challenges::MatmulSample> samples;
  samples.reserve(params_.samples());
  for (const v1::Sample& sample : request.samples()) {
    if (sample.j() >= params_.rounds() || sample.r() >= params_.n() || sample.c() >= params_.n()) {
      return End(absl::InvalidArgumentError(
          absl::StrCat("sample (", sample.j(), ", ", sample.r(), ", ", sample.c(),
                       ") lies outside ", params_.rounds(), " rounds of n = ", params_.n())));
    }
    samples.push_back({sample.j(), sample.r(), sample.c()});
  }
  state_ = State::kOpening;
  job_->SendSamples(std::move(samples));
  return {};
}

Step<v1::MatmulResponse> MatmulSession::OnReply(absl::StatusOr<v1::MatmulResponse> reply) {
  if (state_ == State::kEnded) return {};
  if (!reply.ok()) return End(reply.status());
  const bool opened = reply->has_opening();
  LogEvent(EventLevel::kInfo, opened ? "opened" : "committed",
           {{"slot", peer_.slot}, {"challenge", challenge_id_}});
  Step<Response> step;
  if (opened) {
    step = End(absl::OkStatus());
  } else {
    state_ = State::kCommitted;
    deadline_ns_ = DeadlineNs(services_.clock, services_.limits.opening_ms);
  }
  step.response = *std::move(reply);
  return step;
}

void MatmulSession::Close() {
  if (state_ != State::kEnded && state_ != State::kPings) {
    LogEvent(EventLevel::kWarning, "dropped", {{"slot", peer_.slot}, {"challenge", challenge_id_}});
  }
  state_ = State::kEnded;
  if (job_ != nullptr) std::exchange(job_, nullptr)->Cancel();
}

Step<v1::MatmulResponse> MatmulSession::OnDeadline() {
  std::string missed;
  switch (state_) {
    case State::kPings:
      missed = absl::StrCat("no message for ", services_.limits.idle_ms, " ms");
      break;
    case State::kWorking:
      missed = "challenge expired before its commitment was ready";
      break;
    case State::kCommitted:
    case State::kOpening:
    case State::kEnded:
      missed = absl::StrCat("opening not asked and taken away within ", services_.limits.opening_ms,
                            " ms");
      break;
  }
  Close();
  return {std::nullopt, absl::DeadlineExceededError(missed)};
}

Step<v1::MatmulResponse> MatmulSession::End(absl::Status status) {
  if (!status.ok()) {
    LogEvent(EventLevel::kWarning, "ended",
             {{"kind", "matmul"},
              {"slot", peer_.slot},
              {"challenge", challenge_id_},
              {"status", status.ToString()}});
  }
  state_ = State::kEnded;
  if (job_ != nullptr) std::exchange(job_, nullptr)->Cancel();
  Step<Response> step;
  step.end = std::move(status);
  return step;
}

}  // namespace kaisar::provider
