#include "checker/grpc_client_bandwidth.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "challenges/bandwidth/terms.h"
#include "checker/socket_bytes.h"
#include "kaisar/v1/provider.pb.h"

namespace kaisar::checker {
namespace {

using challenges::kMostBandwidthResultBytes;
using challenges::kMostRsaPublicKeyBytes;

constexpr int kTests = 2;  // DOWN, then UP
constexpr std::uint32_t kMostPort = 65'535;
// A result, or a refusal with a challenge, and the framing.
constexpr std::uint64_t kMostMessageBytes = kMostBandwidthResultBytes + 4096;
// Of one test, the wait for the line included. A policy allows an hour of that; whoever runs the
// test ends it sooner, and this is for the bug that it does not.
constexpr std::uint64_t kMostTestingMs = 2 * 3'600'000;

std::uint64_t WholeDeadlineMs(const BandwidthCallSpec& spec) {
  return std::uint64_t{spec.connect_deadline_ms} + spec.open_deadline_ms +
         kTests * (kMostTestingMs + 2 * std::uint64_t{spec.result_deadline_ms}) + 1000;
}

v1::Direction DirectionOf(int test) {
  return test == 0 ? v1::DOWN : v1::UP;
}

}  // namespace

GrpcBandwidthStream::GrpcBandwidthStream(Services services, const v1::Device& device,
                                         BandwidthCallSpec spec,
                                         absl::AnyInvocable<void(BandwidthOpening)> opened,
                                         absl::AnyInvocable<void(BandwidthAnswer)> done)
    : GrpcStream(std::move(services), device, "/kaisar.v1.Provider/Bandwidth",
                 WholeDeadlineMs(spec), kMostMessageBytes),
      spec_(std::move(spec)),
      opened_(std::move(opened)),
      done_(std::move(done)) {}

void GrpcBandwidthStream::OnStart() {
  v1::BandwidthRequest request;
  *request.mutable_challenge() = spec_.challenge;
  request.set_password(ToString(spec_.password));
  Send(request);
  state_ = State::kConnecting;
  const std::uint64_t elapsed_ms = ElapsedMs();
  Wake(spec_.connect_deadline_ms > elapsed_ms ? spec_.connect_deadline_ms - elapsed_ms : 0);
}

void GrpcBandwidthStream::OnMessage(grpc::ByteBuffer message, std::uint64_t) {
  v1::BandwidthResponse response;
  if (!Parse(message, response)) return;
  switch (response.body_case()) {
    case v1::BandwidthResponse::kOpened:
      return OnOpened(std::move(*response.mutable_opened()));
    case v1::BandwidthResponse::kMeasured:
      return OnMeasured(std::move(*response.mutable_measured()));
    case v1::BandwidthResponse::kTranscript:
      return OnTranscript(std::move(*response.mutable_transcript()));
    case v1::BandwidthResponse::kRefusal:
      return Decline(std::move(*response.mutable_refusal()));
    case v1::BandwidthResponse::BODY_NOT_SET:
      break;
  }
  End(v1::VIOLATION, "a message says nothing");
}

void GrpcBandwidthStream::OnOpened(v1::BandwidthOpened opened) {
  if (tests_opened_ == kTests || tests_opened_ != tests_measured()) {
    return End(v1::VIOLATION, "a test is opened before the one before it was measured");
  }
  if (opened.direction() != DirectionOf(tests_opened_)) {
    return End(v1::VIOLATION, absl::StrCat("opened direction ", opened.direction(), ", expected ",
                                           DirectionOf(tests_opened_)));
  }
  if (opened.port() == 0 || opened.port() > kMostPort) {
    return End(v1::VIOLATION,
               absl::StrCat("port is ", opened.port(), ", expected 1 to ", kMostPort));
  }
  if (opened.rsa_public_key().size() > kMostRsaPublicKeyBytes) {
    return End(v1::VIOLATION, absl::StrCat("public key is ", opened.rsa_public_key().size(),
                                           " bytes, limit ", kMostRsaPublicKeyBytes));
  }
  BandwidthOpening opening{std::move(opened), NumericHost(PeerAddress(Peer()))};
  if (opening.address.empty()) {
    return End(v1::ABANDONED, absl::StrCat("connected to no address: ", Peer()));
  }
  ++tests_opened_;
  if (state_ == State::kTesting) {
    early_ = std::move(opening);
    return;
  }
  HandOn(std::move(opening));
}

void GrpcBandwidthStream::HandOn(BandwidthOpening opening) {
  Await(State::kTesting);
  Afterwards([this, opening = std::move(opening)]() mutable { opened_(std::move(opening)); });
}

void GrpcBandwidthStream::OnMeasured(v1::BandwidthMeasured measured) {
  if (tests_measured() == tests_opened_ || early_.has_value()) {
    return End(v1::VIOLATION, "a result of no test that is open");
  }
  if (measured.direction() != DirectionOf(tests_measured())) {
    return End(v1::VIOLATION, absl::StrCat("measured direction ", measured.direction(),
                                           ", expected ", DirectionOf(tests_measured())));
  }
  if (measured.result().size() > kMostBandwidthResultBytes) {
    return End(v1::VIOLATION, absl::StrCat("result is ", measured.result().size(), " bytes, limit ",
                                           kMostBandwidthResultBytes));
  }
  answer_.measured.push_back(std::move(measured));
  if (state_ == State::kReporting) Await(State::kFollowing);
}

void GrpcBandwidthStream::OnTranscript(v1::BandwidthTranscript transcript) {
  if (tests_measured() != kTests) return End(v1::VIOLATION, "transcript before the end");
  answer_.transcript = std::move(transcript);
  Complete();
}

void GrpcBandwidthStream::Measured() {
  Outside([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (state_ != State::kTesting || ended()) return;
    if (early_.has_value()) return HandOn(*std::exchange(early_, std::nullopt));
    Await(tests_measured() == tests_opened_ ? State::kFollowing : State::kReporting);
  });
}

void GrpcBandwidthStream::Await(State state) {
  state_ = state;
  Wake(state == State::kTesting ? kMostTestingMs : spec_.result_deadline_ms);
}

void GrpcBandwidthStream::OnWake(std::uint64_t) {
  switch (state_) {
    case State::kConnecting: {
      if (Unconnected()) return EndLate("no connection");
      state_ = State::kOpening;
      const std::uint64_t elapsed_ms = ElapsedMs();
      return Wake(spec_.open_deadline_ms > elapsed_ms ? spec_.open_deadline_ms - elapsed_ms : 0);
    }
    case State::kOpening:
      return EndLate("no test was opened");
    case State::kTesting:
      return End(v1::ABANDONED, "the checker did not end its test in time");
    case State::kReporting:
      return EndLate("no result of a test");
    case State::kFollowing:
      return EndLate(tests_opened_ == kTests ? "no transcript" : "no second test was opened");
  }
}

void GrpcBandwidthStream::OnEnd(CallEnd end) {
  BandwidthAnswer answer;
  {
    MutexLock lock(mutex_);
    answer = std::move(answer_);
  }
  answer.end = std::move(end);
  std::exchange(done_, nullptr)(std::move(answer));
}

}  // namespace kaisar::checker
