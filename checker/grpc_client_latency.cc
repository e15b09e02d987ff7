#include "checker/grpc_client_latency.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kaisar/v1/provider.pb.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMostMessageBytes = 8192;  // a refusal with a challenge is the largest

}  // namespace

GrpcLatencyStream::GrpcLatencyStream(Services services, const v1::Device& device,
                                     LatencyCallSpec spec,
                                     absl::AnyInvocable<void(LatencyAnswer)> done)
    : GrpcStream(std::move(services), device, "/kaisar.v1.Provider/Latency", spec.deadline_ms,
                 kMostMessageBytes),
      spec_(std::move(spec)),
      done_(std::move(done)),
      sent_ns_(spec_.nonces.size(), 0) {}

void GrpcLatencyStream::OnStart() {
  v1::LatencyRequest request;
  *request.mutable_challenge() = spec_.challenge;
  Send(request);
}

void GrpcLatencyStream::OnMessage(grpc::ByteBuffer message, std::uint64_t now_ns) {
  v1::LatencyResponse response;
  if (!Parse(message, response)) return;
  switch (response.body_case()) {
    case v1::LatencyResponse::kAccepted:
      if (state_ != State::kWaiting) return End(v1::VIOLATION, "accepted twice");
      return SendNext();
    case v1::LatencyResponse::kEcho:
      return OnEcho(response.echo(), now_ns);
    case v1::LatencyResponse::kTranscript:
      if (state_ != State::kFinishing) return End(v1::VIOLATION, "transcript before the end");
      *evidence_.mutable_transcript() = std::move(*response.mutable_transcript());
      return Complete();
    case v1::LatencyResponse::kRefusal:
      return Decline(std::move(*response.mutable_refusal()));
    case v1::LatencyResponse::BODY_NOT_SET:
      break;
  }
  End(v1::VIOLATION, "a message says nothing");
}

void GrpcLatencyStream::OnEcho(const std::string& nonce, std::uint64_t now_ns) {
  std::uint32_t ping = 0;
  while (ping < next_ && (sent_ns_[ping] == 0 || ViewOf(nonce) != ByteView(spec_.nonces[ping]))) {
    ++ping;
  }
  if (ping == next_) return End(v1::VIOLATION, "an echo of no ping under way");
  const std::uint64_t waited_ns = now_ns - std::exchange(sent_ns_[ping], 0);
  v1::LatencyEvidence::Echo& echo = *evidence_.add_echoes();
  echo.set_ping(ping);
  echo.set_rtt_us(
      static_cast<std::uint32_t>(std::min<std::uint64_t>(waited_ns / 1000, UINT32_MAX)));
  if (ping + 1 != next_ || state_ != State::kPinging) return;  // a late one
  const std::uint64_t waited_ms = waited_ns / 1'000'000;
  if (next_ == spec_.nonces.size() || waited_ms >= spec_.spacing_ms) return SendNext();
  state_ = State::kSpacing;
  Wake(spec_.spacing_ms - waited_ms);
}

void GrpcLatencyStream::OnWake(std::uint64_t) {
  SendNext();
}

void GrpcLatencyStream::SendNext() {
  v1::LatencyRequest request;
  if (next_ == spec_.nonces.size()) {
    state_ = State::kFinishing;
    request.mutable_finish();
    return Send(request);
  }
  // The last quarter is for the transcript, and for echoes that are on their way.
  const std::uint64_t pinging_ms = spec_.deadline_ms - spec_.deadline_ms / 4;
  const std::uint64_t elapsed_ms = ElapsedMs();
  const std::uint64_t left_ms = pinging_ms > elapsed_ms ? pinging_ms - elapsed_ms : 0;
  state_ = State::kPinging;
  request.set_nonce(ToString(spec_.nonces[next_]));
  Send(request, &sent_ns_[next_]);
  ++next_;
  Wake(std::max<std::uint64_t>(spec_.spacing_ms, left_ms / (spec_.nonces.size() - next_ + 1)));
}

void GrpcLatencyStream::OnEnd(CallEnd end) {
  LatencyAnswer answer;
  {
    MutexLock lock(mutex_);
    answer.evidence = std::move(evidence_);
  }
  answer.end = std::move(end);
  std::exchange(done_, nullptr)(std::move(answer));
}

}  // namespace kaisar::checker
