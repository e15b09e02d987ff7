#include "checker/grpc_client_channels.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "base/hex.h"

namespace kaisar::checker {
namespace {

using grpc::experimental::ExternalCertificateVerifier;
using grpc::experimental::IdentityKeyCertPair;
using grpc::experimental::StaticDataCertificateProvider;
using grpc::experimental::TlsChannelCredentialsOptions;
using grpc::experimental::TlsCustomVerificationCheckRequest;

constexpr std::uint64_t kLeastMessageBytes = 1 << 20;
constexpr std::uint64_t kMostMessageBytes = 256 << 20;  // 2 GiB is what gRPC can count

/// Compares the key of the peer's certificate with the pin. That the peer has the private key is
/// what the TLS handshake itself has proven by then.
class PinVerifier : public ExternalCertificateVerifier {
 public:
  explicit PinVerifier(std::string pin) : pin_(std::move(pin)) {}

  bool Verify(TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    const grpc::string_ref pem = request->peer_cert();
    const absl::StatusOr<Digest> pin = TlsPin(std::string(pem.data(), pem.size()));
    if (!pin.ok()) {
      *sync_status = Refusal(absl::StrCat("no pin: ", pin.status().message()));
    } else if (ToString(*pin) != pin_) {
      *sync_status = Refusal(absl::StrCat("the device shows tls pin ", ToHex(*pin),
                                          ", the roster says ", ToHex(ViewOf(pin_))));
    }
    return true;  // decided here and now
  }
  void Cancel(TlsCustomVerificationCheckRequest*) override {}

 private:
  static grpc::Status Refusal(const std::string& message) {
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, message);
  }
  const std::string pin_;
};

std::shared_ptr<grpc::experimental::CertificateProviderInterface> Identity(const TlsKey& tls) {
  const std::vector<IdentityKeyCertPair> pairs = {{tls.private_key_pem, tls.certificate_pem}};
  return std::make_shared<StaticDataCertificateProvider>("", pairs);
}

/// Keeps the threads that run gRPC's callbacks. gRPC 1.51 ends them with the last channel that has
/// had a call, and when one of them lets that channel go it would wait for itself, and aborts
/// (ref_counted.h: prior > 0). So there is a channel that never goes; it connects to nothing.
void KeepCallbackThreads() {
  struct Kept {
    std::shared_ptr<grpc::Channel> channel = grpc::CreateChannel("", nullptr);  // fails every call
    grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub{channel};
    grpc::ClientContext context;
    grpc::Slice nothing{""};
    grpc::ByteBuffer request{&nothing, 1};
    grpc::ByteBuffer response;
    Kept() {
      stub.UnaryCall(&context, "/none", grpc::StubOptions(), &request, &response,
                     [](const grpc::Status&) {});
    }
  };
  [[maybe_unused]] static Kept* const kept = new Kept();
}

}  // namespace

GrpcChannels::GrpcChannels(const GrpcClientOptions& options)
    : connect_timeout_ms_(options.connect_timeout_ms),
      idle_timeout_ms_(options.idle_timeout_ms),
      identity_(Identity(options.tls)) {
  KeepCallbackThreads();
  // Debian's Abseil looks for lock cycles at every lock that gRPC takes: a tenth of our CPU time.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

std::shared_ptr<grpc::Channel> GrpcChannels::Make(const v1::Device& device,
                                                  std::uint64_t most_message_bytes) const {
  TlsChannelCredentialsOptions tls;
  tls.set_certificate_provider(identity_);
  tls.watch_identity_key_cert_pairs();
  tls.set_verify_server_certs(false);  // there is no authority: the verifier below decides
  tls.set_check_call_host(false);
  tls.set_certificate_verifier(ExternalCertificateVerifier::Create<PinVerifier>(device.tls_pin()));

  grpc::ChannelArguments arguments;
  const auto connect_ms = static_cast<int>(connect_timeout_ms_);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, static_cast<int>(idle_timeout_ms_));
  // How long one attempt may take, and how soon after its start there may be another.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, connect_ms);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, connect_ms);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, connect_ms);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(most_message_bytes));
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // a challenge is sent when it is said to be sent
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // Windows that grow with the bandwidth help nobody here, and a hostile sender only.
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  // Only silences a log line: the pin is the check.
  arguments.SetSslTargetNameOverride("kaisar-provider");
  // The scheme is ours, so an endpoint cannot name another one (a Unix socket, a proxy).
  return grpc::CreateCustomChannel(absl::StrCat("dns:///", device.endpoint()),
                                   grpc::experimental::TlsCredentials(tls), arguments);
}

GrpcChannels::Use GrpcChannels::Get(const v1::Device& device, std::uint64_t most_message_bytes) {
  // Most calls need the same, so that the first call's channel serves them all.
  most_message_bytes = std::clamp(most_message_bytes, kLeastMessageBytes, kMostMessageBytes);
  std::shared_ptr<grpc::Channel> found;
  {
    MutexLock lock(mutex_);
    const auto entry = entries_.find(device.id());
    if (entry != entries_.end() && entry->second.endpoint == device.endpoint() &&
        entry->second.tls_pin == device.tls_pin() &&
        entry->second.most_message_bytes >= most_message_bytes) {
      found = entry->second.channel;
    }
  }
  if (found != nullptr) {
    return {found, found->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY};
  }
  std::shared_ptr<grpc::Channel> made = Make(device, most_message_bytes);
  std::shared_ptr<grpc::Channel> replaced;  // destroyed after the lock
  MutexLock lock(mutex_);
  Entry& entry = entries_[device.id()];
  replaced = std::exchange(entry.channel, made);
  entry.endpoint = device.endpoint();
  entry.tls_pin = device.tls_pin();
  entry.most_message_bytes = most_message_bytes;
  return {std::move(made), false};
}

void GrpcChannels::Drop(std::uint32_t device, const std::shared_ptr<grpc::Channel>& channel) {
  MutexLock lock(mutex_);
  const auto entry = entries_.find(device);
  // The caller holds the channel, so it is not destroyed here.
  if (entry != entries_.end() && entry->second.channel == channel) entries_.erase(entry);
}

}  // namespace kaisar::checker
