#include "provider/bandwidth_session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "challenges/signed_messages.h"
#include "provider/event_log.h"

namespace kaisar::provider {
namespace {

constexpr std::size_t kPasswordBytes = 32;  // docs/protocol.md, section 6
constexpr std::uint64_t kNsPerMs = 1'000'000;

const char* NameOf(v1::Direction direction) {
  return direction == v1::DOWN ? "down" : "up";
}

}  // namespace

BandwidthSession::BandwidthSession(const Peer& peer, const SessionServices& services,
                                   BandwidthJob::Reply reply)
    : peer_(peer),
      services_(services),
      reply_(std::move(reply)),
      deadline_ns_(DeadlineNs(services.clock, services.limits.idle_ms)) {}

Step<v1::BandwidthResponse> BandwidthSession::OnRequest(const v1::BandwidthRequest& request) {
  if (state_ != State::kChallenge) {
    return End(absl::InvalidArgumentError("second message on one stream"));
  }
  if (request.password().size() != kPasswordBytes) {
    return End(absl::InvalidArgumentError(absl::StrCat("password is ", request.password().size(),
                                                       " bytes, expected ", kPasswordBytes)));
  }
  const v1::SignedChallenge& challenge = request.challenge();
  Decision decision = services_.admission.Decide(peer_, v1::BANDWIDTH, challenge);
  challenge_id_ = ShortId(ViewOf(challenge.challenge().challenge_id()));
  device_ = challenge.challenge().device();
  if (absl::Status* status = std::get_if<absl::Status>(&decision)) return End(*status);
  peer_.slot = challenge.challenge().slot();
  if (v1::Refusal* refusal = std::get_if<v1::Refusal>(&decision)) {
    return OnNews(std::move(*refusal));
  }
  if (peer_.address.empty()) {
    return End(absl::InternalError("the connection has no numeric address to test with"));
  }
  taken_ = std::get<Taken>(std::move(decision));
  expires_at_ms_ = challenge.challenge().expires_at_ms();
  const std::uint64_t open_ms = challenges::BandwidthParamsOf(challenge).open_ms();
  open_deadline_ns_ = DeadlineNs(services_.clock, open_ms);
  deadline_ns_ = open_deadline_ns_ - open_ms * kNsPerMs / 4;
  state_ = State::kWaiting;
  LogEvent(EventLevel::kInfo, "taken",
           {{"kind", "bandwidth"},
            {"slot", peer_.slot},
            {"device", device_},
            {"challenge", challenge_id_}});
  auto added = services_.bandwidth->Add(
      {challenge, ToHex(ViewOf(request.password())), peer_.address, std::move(reply_)});
  if (v1::Refusal* refusal = std::get_if<v1::Refusal>(&added)) return OnNews(std::move(*refusal));
  job_ = std::get<BandwidthTests::Job>(std::move(added));
  return {};
}

Step<v1::BandwidthResponse> BandwidthSession::OnReply(BandwidthNews news) {
  if (state_ == State::kEnded) return {};
  return std::visit([this](auto&& each) { return OnNews(std::move(each)); }, std::move(news));
}

Step<v1::BandwidthResponse> BandwidthSession::OnNews(v1::BandwidthOpened opened) {
  state_ = State::kTesting;
  deadline_ns_ = ExpiryNs(services_.clock, expires_at_ms_);
  LogEvent(EventLevel::kInfo, "listens",
           {{"slot", peer_.slot},
            {"challenge", challenge_id_},
            {"direction", NameOf(opened.direction())},
            {"port", opened.port()}});
  Step<Response> step;
  *step.response.emplace().mutable_opened() = std::move(opened);
  return step;
}

Step<v1::BandwidthResponse> BandwidthSession::OnNews(v1::BandwidthMeasured measured) {
  (measured.direction() == v1::DOWN ? down_result_ : up_result_) = measured.result();
  LogEvent(EventLevel::kInfo, "measured",
           {{"slot", peer_.slot},
            {"challenge", challenge_id_},
            {"direction", NameOf(measured.direction())}});
  Step<Response> step;
  *step.response.emplace().mutable_measured() = std::move(measured);
  return step;
}

Step<v1::BandwidthResponse> BandwidthSession::OnNews(BandwidthTested) {
  const SigningKey& key = services_.worker(taken_.device).device().key;
  const Signature signature = key.Sign(challenges::BandwidthTranscriptDigest(
      services_.domain, taken_.challenge_id, taken_.challenge_digest,
      challenges::BandwidthResultsHash(down_result_, up_result_)));
  Step<Response> step = End(absl::OkStatus());
  step.response.emplace().mutable_transcript()->set_signature(ToString(signature));
  return step;
}

Step<v1::BandwidthResponse> BandwidthSession::OnNews(v1::Refusal refusal) {
  LogEvent(EventLevel::kInfo, "refused",
           {{"kind", "bandwidth"},
            {"slot", peer_.slot},
            {"device", device_},
            {"challenge", challenge_id_},
            {"reason", refusal.message()}});
  Step<Response> step = End(absl::OkStatus());
  *step.response.emplace().mutable_refusal() = std::move(refusal);
  return step;
}

Step<v1::BandwidthResponse> BandwidthSession::OnNews(absl::Status status) {
  return End(std::move(status));
}

void BandwidthSession::Close() {
  if (state_ != State::kEnded && state_ != State::kChallenge) {
    LogEvent(EventLevel::kWarning, "dropped", {{"slot", peer_.slot}, {"challenge", challenge_id_}});
  }
  state_ = State::kEnded;
  if (job_ != nullptr) services_.bandwidth->Drop(std::exchange(job_, nullptr));
}

Step<v1::BandwidthResponse> BandwidthSession::OnDeadline() {
  absl::Status status;
  switch (state_) {
    case State::kWaiting:
      if (auto refusal = services_.bandwidth->GiveUp(job_); refusal.has_value()) {
        deadline_ns_ = DeadlineNs(services_.clock, services_.limits.idle_ms);  // to be taken away
        return OnNews(*std::move(refusal));
      }
      state_ = State::kOpening;  // its turn has just come
      deadline_ns_ = open_deadline_ns_;
      return {};
    case State::kOpening:
      status = absl::UnavailableError("no bandwidth test was opened in time");
      break;
    case State::kTesting:
      status = absl::DeadlineExceededError("challenge expired before it was tested");
      break;
    case State::kChallenge:
    case State::kEnded:
      status = absl::DeadlineExceededError(
          absl::StrCat("no message for ", services_.limits.idle_ms, " ms"));
  }
  Close();
  return {std::nullopt, std::move(status)};
}

Step<v1::BandwidthResponse> BandwidthSession::End(absl::Status status) {
  if (!status.ok()) {
    LogEvent(EventLevel::kWarning, "ended",
             {{"kind", "bandwidth"},
              {"slot", peer_.slot},
              {"challenge", challenge_id_},
              {"status", status.ToString()}});
  }
  state_ = State::kEnded;
  if (job_ != nullptr) services_.bandwidth->Drop(std::exchange(job_, nullptr));
  Step<Response> step;
  step.end = std::move(status);
  return step;
}

}  // namespace kaisar::provider
