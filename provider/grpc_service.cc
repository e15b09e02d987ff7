#include "provider/grpc_service.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/keys/tls_key.h"
#include "base/status_macros.h"
#include "provider/bandwidth_session.h"
#include "provider/event_log.h"
#include "provider/latency_session.h"
#include "provider/matmul_session.h"
#include "provider/peer_address.h"
#include "provider/stream_reactor.h"

namespace kaisar::provider {
namespace {

constexpr std::uint32_t kStrangerLinesPerMinute = 10;

/// Ends a stream before it has begun.
template <typename Request, typename Response>
class EndedReactor final : public grpc::ServerBidiReactor<Request, Response> {
 public:
  explicit EndedReactor(const absl::Status& status) { this->Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

std::unique_ptr<MatmulSession> MakeSession(const Peer& peer, const SessionServices& services,
                                           std::weak_ptr<StreamReactor<MatmulSession>> reactor) {
  return std::make_unique<MatmulSession>(
      peer, services, [reactor = std::move(reactor)](absl::StatusOr<v1::MatmulResponse> reply) {
        if (const auto stream = reactor.lock()) stream->Deliver(std::move(reply));
      });
}

std::unique_ptr<BandwidthSession> MakeSession(
    const Peer& peer, const SessionServices& services,
    std::weak_ptr<StreamReactor<BandwidthSession>> reactor) {
  return std::make_unique<BandwidthSession>(peer, services,
                                            [reactor = std::move(reactor)](BandwidthNews news) {
                                              if (const auto stream = reactor.lock())
                                                stream->Deliver(std::move(news));
                                            });
}

std::unique_ptr<LatencySession> MakeSession(const Peer& peer, const SessionServices& services,
                                            const std::weak_ptr<StreamReactor<LatencySession>>&) {
  return std::make_unique<LatencySession>(peer, services);
}

/// The pin of the TLS key that the peer has proven to hold.
absl::StatusOr<Digest> PeerPin(const grpc::CallbackServerContext& context) {
  const std::vector<grpc::string_ref> certificates =
      context.auth_context()->FindPropertyValues("x509_pem_cert");
  if (certificates.size() != 1) {
    return absl::UnauthenticatedError(
        absl::StrCat("peer has ", certificates.size(), " certificates, expected 1"));
  }
  return TlsPin(std::string(certificates[0].data(), certificates[0].size()));
}

}  // namespace

GrpcService::GrpcService(const SessionServices& services, StreamTable& streams,
                         DeviceDescriptions& descriptions)
    : services_(services),
      streams_(streams),
      descriptions_(descriptions),
      stranger_lines_(kStrangerLinesPerMinute, kStrangerLinesPerMinute) {}

absl::StatusOr<Peer> GrpcService::Identify(grpc::CallbackServerContext& context) {
  const absl::StatusOr<Digest> pin = PeerPin(context);
  if (pin.ok()) {
    if (auto peer = services_.admission.FindPeer(*pin); peer.has_value()) {
      peer->address = NumericAddress(context.peer()).value_or("");
      return *std::move(peer);
    }
  }
  bool log = false;
  {
    MutexLock lock(mutex_);
    log = stranger_lines_.Take(services_.clock.MonotonicNs());
  }
  const std::string shown = pin.ok() ? ToHex(*pin) : pin.status().ToString();
  if (log) LogEvent(EventLevel::kWarning, "stranger", {{"peer", context.peer()}, {"pin", shown}});
  return absl::UnauthenticatedError(
      absl::StrCat("TLS key is no slot's that may check this provider: ", shown));
}

grpc::ServerUnaryReactor* GrpcService::Describe(grpc::CallbackServerContext* context,
                                                const v1::DescribeRequest*,
                                                v1::DescribeResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const absl::Status status = Identify(*context).status(); !status.ok()) {
    reactor->Finish(ToGrpc(status));
    return reactor;
  }
  descriptions_.Ask([reactor, response](const v1::DescribeResponse& description) {
    *response = description;
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

template <typename Reactor>
grpc::ServerBidiReactor<typename Reactor::Request, typename Reactor::Response>* GrpcService::Open(
    grpc::CallbackServerContext* context) {
  const absl::StatusOr<Peer> peer = Identify(*context);
  if (!peer.ok()) {
    return new EndedReactor<typename Reactor::Request, typename Reactor::Response>(peer.status());
  }
  auto reactor = std::make_shared<Reactor>(*peer, streams_, *context);
  reactor->Start(MakeSession(*peer, services_, std::weak_ptr<Reactor>(reactor)));
  return reactor.get();  // owns itself until OnDone
}

grpc::ServerBidiReactor<v1::MatmulRequest, v1::MatmulResponse>* GrpcService::Matmul(
    grpc::CallbackServerContext* context) {
  return Open<StreamReactor<MatmulSession>>(context);
}

grpc::ServerBidiReactor<v1::LatencyRequest, v1::LatencyResponse>* GrpcService::Latency(
    grpc::CallbackServerContext* context) {
  return Open<StreamReactor<LatencySession>>(context);
}

grpc::ServerBidiReactor<v1::BandwidthRequest, v1::BandwidthResponse>* GrpcService::Bandwidth(
    grpc::CallbackServerContext* context) {
  return Open<StreamReactor<BandwidthSession>>(context);
}

}  // namespace kaisar::provider
