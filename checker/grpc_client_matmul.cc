#include "checker/grpc_client_matmul.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "kaisar/v1/provider.pb.h"

namespace kaisar::checker {
namespace {

constexpr std::uint8_t kMeasuredPings = 8;  // docs/protocol.md, section 4, Time
// What the checker itself may take between commitment and samples: its log, its own load.
constexpr std::uint64_t kOwnDelayMs = 60'000;

std::uint64_t WholeDeadlineMs(const MatmulCallSpec& spec) {
  return std::uint64_t{spec.connect_deadline_ms} + spec.commitment_deadline_ms + spec.grace_ms +
         kOwnDelayMs + spec.opening_deadline_ms;
}

/// What a ping says. It need not be secret: whoever answers before being asked breaks the protocol,
/// and a smaller RTT helps no device.
std::string PingBytes(std::uint8_t number) {
  std::string bytes(8, '\0');
  bytes.back() = static_cast<char>(number);
  return bytes;
}

}  // namespace

GrpcMatmulStream::GrpcMatmulStream(Services services, const v1::Device& device, MatmulCallSpec spec,
                                   absl::AnyInvocable<void(v1::CommitmentReceived)> committed,
                                   absl::AnyInvocable<void(MatmulAnswer)> done)
    : GrpcStream(std::move(services), device, "/kaisar.v1.Provider/Matmul", WholeDeadlineMs(spec),
                 spec.most_answer_bytes),
      spec_(std::move(spec)),
      committed_(std::move(committed)),
      done_(std::move(done)) {}

void GrpcMatmulStream::OnStart() {
  pings_ = 0;
  SendPing();
  const std::uint64_t elapsed_ms = ElapsedMs();
  Wake(spec_.connect_deadline_ms > elapsed_ms ? spec_.connect_deadline_ms - elapsed_ms : 0);
}

void GrpcMatmulStream::SendPing() {
  v1::MatmulRequest request;
  request.set_ping(PingBytes(++pings_));
  handed_ns_ = 0;
  Send(request, &handed_ns_);
}

void GrpcMatmulStream::OnMessage(grpc::ByteBuffer message, std::uint64_t now_ns) {
  v1::MatmulResponse response;
  if (!Parse(message, response)) return;
  switch (response.body_case()) {
    case v1::MatmulResponse::kEcho:
      return OnEcho(response.echo(), now_ns);
    case v1::MatmulResponse::kCommitment:
      return OnCommitment(std::move(*response.mutable_commitment()), now_ns);
    case v1::MatmulResponse::kOpening:
      if (state_ != State::kOpening || handed_ns_ == 0) {
        return End(v1::VIOLATION, "opening before the samples");
      }
      evidence_.set_opening_elapsed_ns(now_ns - handed_ns_);
      *evidence_.mutable_opening() = std::move(*response.mutable_opening());
      return Complete();
    case v1::MatmulResponse::kRefusal:
      return Decline(std::move(*response.mutable_refusal()));
    case v1::MatmulResponse::BODY_NOT_SET:
      break;
  }
  End(v1::VIOLATION, "a message says nothing");
}

void GrpcMatmulStream::OnEcho(const std::string& nonce, std::uint64_t now_ns) {
  if (state_ != State::kPinging || handed_ns_ == 0 || nonce != PingBytes(pings_)) {
    return End(v1::VIOLATION, "an echo of no ping under way");
  }
  if (pings_ > 1) received_.add_ping_rtt_ns(now_ns - handed_ns_);
  if (pings_ <= kMeasuredPings) return SendPing();
  state_ = State::kWorking;
  v1::MatmulRequest request;
  *request.mutable_challenge() = spec_.challenge;
  handed_ns_ = 0;
  Send(request, &handed_ns_);
  Wake(std::uint64_t{spec_.commitment_deadline_ms} + spec_.grace_ms);
}

void GrpcMatmulStream::OnCommitment(v1::MatmulCommitment commitment, std::uint64_t now_ns) {
  // Also while the samples are on their way and handed_ns_ is not set yet.
  if (state_ == State::kSampling || state_ == State::kOpening) {
    *evidence_.mutable_second_commitment() = std::move(commitment);
    return End(v1::VIOLATION, "a second commitment");
  }
  if (state_ == State::kPinging || handed_ns_ == 0) {
    return End(v1::VIOLATION, "commitment before the challenge");
  }
  state_ = State::kSampling;
  received_.set_elapsed_ns(now_ns - handed_ns_);
  *received_.mutable_commitment() = std::move(commitment);
  Wake(kOwnDelayMs);
  Afterwards([this, received = std::move(received_)]() mutable {
    std::exchange(committed_, nullptr)(std::move(received));
  });
}

void GrpcMatmulStream::SendSamples(const std::vector<challenges::MatmulSample>& samples) {
  v1::MatmulRequest request;
  v1::SampleRequest& asked = *request.mutable_samples();
  for (const challenges::MatmulSample& sample : samples) {
    v1::Sample& one = *asked.add_samples();
    one.set_j(sample.j);
    one.set_r(sample.r);
    one.set_c(sample.c);
  }
  Outside([this, &request]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (state_ != State::kSampling) return;
    state_ = State::kOpening;
    handed_ns_ = 0;
    Send(request, &handed_ns_);
    Wake(spec_.opening_deadline_ms);
  });
}

void GrpcMatmulStream::OnWake(std::uint64_t) {
  switch (state_) {
    case State::kPinging:
      return EndLate("no echo of a ping");
    case State::kWorking:
      return EndLate("no commitment");
    case State::kSampling:
      return End(v1::ABANDONED, "the checker did not ask for samples in time");
    case State::kOpening:
      return EndLate("no opening");
  }
}

void GrpcMatmulStream::OnEnd(CallEnd end) {
  MatmulAnswer answer;
  {
    MutexLock lock(mutex_);
    answer.evidence = std::move(evidence_);
  }
  answer.end = std::move(end);
  std::exchange(done_, nullptr)(std::move(answer));
}

}  // namespace kaisar::checker
