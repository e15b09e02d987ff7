#include "tests/support/scripted_bandwidth.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"

namespace kaisar::testing {
namespace {

/// Of a relay that is not to slow anything down, in bytes per second.
constexpr std::uint64_t kUnthrottled = 1'000'000'000'000;

/// kaisar-iperf's last line with other counts in it.
std::string Scale(const std::string& line, std::uint64_t times, std::uint64_t per) {
  nlohmann::json result = nlohmann::json::parse(line, nullptr, false);
  if (result.is_discarded()) return line;
  for (const char* sum : {"sum_sent", "sum_received"}) {
    nlohmann::json& bytes = result["iperf"]["end"][sum]["bytes"];
    if (bytes.is_number_unsigned()) bytes = bytes.get<std::uint64_t>() * times / per;
  }
  return result.dump();
}

std::string ResultToSend(const Behaviour& behaviour, const std::string& line) {
  switch (behaviour.cheat) {
    case Cheat::kReportsTenfold:
      return Scale(line, 10, 1);
    case Cheat::kReportsLess:
      return Scale(line, 1, 2);
    case Cheat::kMalformedResult:
      return "{\"iperf\": much}";
    case Cheat::kHugeResult:
      return std::string(behaviour.value, ' ');
    default:
      return line;
  }
}

}  // namespace

void ScriptedBandwidth::OnMessage(const v1::BandwidthRequest& request) {
  const v1::SignedChallenge& challenge = request.challenge();
  if (const absl::Status valid = challenges::ValidateChallenge(challenge);
      !valid.ok() || challenge.challenge().kind() != v1::BANDWIDTH) {
    return End(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                            valid.ok() ? "not of bandwidth" : std::string(valid.message())));
  }
  asked_ = request;
  params_ = challenges::BandwidthParamsOf(challenge);
  behaviour_ = FindBehaviour(cast_.behaviours, challenge.challenge().device(), v1::BANDWIDTH);
  if (const auto refusal = cast_.RefusalOf(behaviour_, challenge); refusal.has_value()) {
    v1::BandwidthResponse response;
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
      return Send(HugeBandwidthResponse(behaviour_.value));
    case Cheat::kEndless:
      endless_ = true;
      return OnAllSent();
    default:
      return StartServer();
  }
}

void ScriptedBandwidth::StartServer() {
  const v1::Challenge& challenge = asked_.challenge().challenge();
  challenges::IperfTask task;
  task.role = challenges::IperfTask::Role::kServer;
  task.direction = direction_;
  task.ports = {0};
  task.user = ToHex(ViewOf(challenge.challenge_id()));
  task.password = ToHex(ViewOf(asked_.password()));
  task.seconds = params_.seconds();
  task.streams = params_.streams();
  task.bits_per_second =
      direction_ == v1::DOWN ? params_.down_bits_per_second() : params_.up_bits_per_second();
  task.start_ms = params_.start_ms() + challenges::kTestStartMs;
  task.limit_ms = params_.start_ms() + challenges::MostTestMs(params_);
  MutexLock lock(cast_.process_mutex);
  if (cast_.processes == nullptr || over()) return;
  server_ = challenges::RunIperf(
      *cast_.processes, cast_.iperf, task,
      [self = self(), this](const challenges::IperfListening& listening) {
        timer_.Run([self, this, listening] { OnListening(listening); });
      },
      [self = self(), this](const challenges::IperfOutcome& outcome) {
        timer_.Run([self, this, outcome] { OnTested(outcome); });
      });
}

void ScriptedBandwidth::OnListening(const challenges::IperfListening& listening) {
  named_port_ = PortToName(listening.port);
  v1::BandwidthResponse response;
  v1::BandwidthOpened& opened = *response.mutable_opened();
  opened.set_direction(direction_);
  if (behaviour_.cheat == Cheat::kWrongDirection) {
    opened.set_direction(direction_ == v1::DOWN ? v1::UP : v1::DOWN);
  }
  opened.set_port(named_port_);
  opened.set_rsa_public_key(listening.rsa_public_key);
  SendAfter(behaviour_.cheat == Cheat::kOpensLate ? behaviour_.value : 0, response);
  if (behaviour_.cheat == Cheat::kSecondOpened) Send(response);
  if (behaviour_.cheat == Cheat::kCloseHalfWay) {
    const std::uint64_t half_ms =
        (challenges::kUncountedSeconds + std::uint64_t{params_.seconds()}) * 1000 / 2;
    timer_.RunAfter(half_ms, [self = self(), this] { KillServer(); });
  }
}

std::uint32_t ScriptedBandwidth::PortToName(std::uint32_t port) {
  switch (behaviour_.cheat) {
    case Cheat::kMutePort:
    case Cheat::kNoListener: {
      auto socket = ListeningSocket::Open();
      if (!socket.ok()) return port;
      const std::uint32_t other = socket->port();
      if (behaviour_.cheat == Cheat::kMutePort) mute_ = *std::move(socket);
      return other;
    }
    case Cheat::kConnectsElsewhere: {
      auto relay =
          ThrottledRelay::Start(absl::StrCat("127.0.0.1:", port), kUnthrottled, kUnthrottled);
      if (!relay.ok()) return port;
      relay_ = *std::move(relay);
      return static_cast<std::uint32_t>(
          std::stoul(relay_->endpoint().substr(relay_->endpoint().rfind(':') + 1)));
    }
    default:
      return port;
  }
}

void ScriptedBandwidth::OnTested(const challenges::IperfOutcome& outcome) {
  {
    MutexLock lock(cast_.process_mutex);
    server_.reset();
  }
  // A device whose server is gone leaves the checker to find that out.
  if (behaviour_.cheat == Cheat::kCloseHalfWay ||
      behaviour_.cheat == Cheat::kSilentAfterCommitment) {
    return;
  }
  if (outcome.state != challenges::IperfOutcome::State::kCompleted) {
    return Fail(absl::StrCat(challenges::NameOf(outcome.state), ": ", outcome.detail));
  }
  v1::BandwidthResponse response;
  response.mutable_measured()->set_direction(direction_);
  response.mutable_measured()->set_result(ResultToSend(behaviour_, outcome.line));
  (direction_ == v1::DOWN ? down_result_ : up_result_) = response.measured().result();
  if (behaviour_.cheat == Cheat::kLeavesPortOpen) {
    auto socket = ListeningSocket::Open(static_cast<std::uint16_t>(named_port_));
    MutexLock lock(cast_.mutex);
    if (socket.ok()) cast_.left_open.push_back(*std::move(socket));
  }
  Send(response);
  if (direction_ == v1::UP) return SendTranscript();
  direction_ = v1::UP;
  StartServer();
}

void ScriptedBandwidth::SendTranscript() {
  const v1::Challenge& challenge = asked_.challenge().challenge();
  Digest id = challenges::ToDigest(challenge.challenge_id());
  if (behaviour_.cheat == Cheat::kOtherDeviceAnswer) id = Sha256(id);
  if (behaviour_.cheat == Cheat::kWrongTranscript) std::swap(down_result_, up_result_);
  const Digest digest = challenges::BandwidthTranscriptDigest(
      cast_.domain, id, challenges::ChallengeDigest(cast_.domain, challenge),
      challenges::BandwidthResultsHash(down_result_, up_result_));
  v1::BandwidthResponse response;
  v1::BandwidthTranscript& transcript = *response.mutable_transcript();
  if (behaviour_.cheat == Cheat::kForeignKey) {
    transcript.set_signature(ToString(DeviceKey(challenge.device() + 1).Sign(digest)));
  } else if (behaviour_.cheat != Cheat::kUnsignedTranscript) {
    transcript.set_signature(ToString(cast_.Sign(challenge.device(), digest)));
  }
  Send(response);
  End(grpc::Status::OK);
}

void ScriptedBandwidth::KillServer() {
  MutexLock lock(cast_.process_mutex);
  if (cast_.processes != nullptr && server_ != nullptr) server_->Kill();
}

void ScriptedBandwidth::Fail(const std::string& what) {
  End(grpc::Status(grpc::StatusCode::ABORTED, what));
}

void ScriptedBandwidth::OnEndOfMessages() {
  // The answers are still to come; a provider that stays silent also leaves the stream open.
  if (params_.seconds() == 0) End(grpc::Status::OK);
}

void ScriptedBandwidth::OnAllSent() {
  if (!endless_) return;
  v1::BandwidthResponse response;
  response.mutable_measured()->set_direction(v1::DOWN);
  Send(response);
}

void ScriptedBandwidth::OnOver() {
  KillServer();
}

}  // namespace kaisar::testing
