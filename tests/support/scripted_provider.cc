#include "tests/support/scripted_provider.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "kaisar/v1/provider.grpc.pb.h"
#include "tests/support/scripted_bandwidth.h"
#include "tests/support/scripted_describe.h"
#include "tests/support/scripted_device.h"
#include "tests/support/scripted_latency.h"
#include "tests/support/scripted_matmul.h"
#include "tests/support/stolen_certificate.h"
#include "tests/support/throttled_relay.h"

namespace kaisar::testing {
namespace {

/// Lets a TLS handshake and the greeting of HTTP/2 through a slow connection.
constexpr std::uint64_t kHandshakeBytes = 2500;

/// What checkers put into SNI; another name in the certificate makes gRPC log every handshake.
constexpr char kTlsName[] = "kaisar-provider";

/// Describe is answered in bytes, so that it can be no message at all.
using CallbackService = v1::Provider::WithRawCallbackMethod_Describe<
    v1::Provider::WithCallbackMethod_Matmul<v1::Provider::WithCallbackMethod_Latency<
        v1::Provider::WithCallbackMethod_Bandwidth<v1::Provider::Service>>>>;

class Service final : public CallbackService {
 public:
  explicit Service(const ScriptedOptions& options)
      : first_device_(options.first_device), last_device_(options.last_device) {
    cast_.domain = options.domain;
    cast_.first_device = options.first_device;
    cast_.behaviours = options.behaviours;
    cast_.key = options.key;
    cast_.threads = options.threads;
    cast_.evidence = options.evidence;
    cast_.iperf = options.iperf.empty() ? KAISAR_IPERF : options.iperf;
  }

  /// Bandwidth tests need it.
  void UseProcesses(std::unique_ptr<ProcessRunner> processes) {
    MutexLock lock(cast_.process_mutex);
    cast_.processes = std::move(processes);
  }

  /// Ends the timer, the worker and all processes; streams that wait for them were cancelled
  /// before.
  void Stop() {
    cast_.timer.Stop();
    cast_.worker.Stop();
    std::unique_ptr<ProcessRunner> ending;
    MutexLock lock(cast_.process_mutex);
    ending = std::move(cast_.processes);
  }

  grpc::ServerUnaryReactor* Describe(grpc::CallbackServerContext*, const grpc::ByteBuffer*,
                                     grpc::ByteBuffer* response) override {
    return AnswerDescribe(cast_.behaviours, first_device_, last_device_, *response);
  }

  grpc::ServerBidiReactor<v1::MatmulRequest, v1::MatmulResponse>* Matmul(
      grpc::CallbackServerContext* context) override {
    return StartStream<ScriptedMatmul>(context);
  }

  grpc::ServerBidiReactor<v1::LatencyRequest, v1::LatencyResponse>* Latency(
      grpc::CallbackServerContext* context) override {
    return StartStream<ScriptedLatency>(context);
  }

  grpc::ServerBidiReactor<v1::BandwidthRequest, v1::BandwidthResponse>* Bandwidth(
      grpc::CallbackServerContext* context) override {
    return StartStream<ScriptedBandwidth>(context);
  }

 private:
  template <typename Stream>
  Stream* StartStream(grpc::CallbackServerContext* context) {
    const auto stream = std::make_shared<Stream>(context, cast_);
    stream->Begin(stream);
    return stream.get();
  }

  const std::uint32_t first_device_;
  const std::uint32_t last_device_;
  ScriptedCast cast_;
};

std::shared_ptr<grpc::ServerCredentials> MakeCredentials(const TlsKey& key) {
  auto provider = std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
      std::vector<grpc::experimental::IdentityKeyCertPair>{
          {.private_key = key.private_key_pem, .certificate_chain = key.certificate_pem}});
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

const Behaviour* Find(const std::vector<Behaviour>& behaviours, Cheat cheat) {
  const auto found = std::find_if(behaviours.begin(), behaviours.end(),
                                  [&](const Behaviour& b) { return b.cheat == cheat; });
  return found == behaviours.end() ? nullptr : &*found;
}

class Provider final : public ScriptedProvider {
 public:
  Provider(const ScriptedOptions& options, const Digest& pin)
      : service_(options), key_(options.key), pin_(pin) {}

  ~Provider() override {
    relay_.reset();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    service_.Stop();
    if (server_ != nullptr) server_->Wait();
  }

  absl::Status Listen(const ScriptedOptions& options, const TlsKey& shown) {
    ASSIGN_OR_RETURN(auto processes, MakeProcessRunner());
    service_.UseProcesses(std::move(processes));
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(options.listen, MakeCredentials(shown), &port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", options.listen));
    }
    endpoint_ = absl::StrCat(options.listen.substr(0, options.listen.rfind(':')), ":", port);
    if (const Behaviour* slow = Find(options.behaviours, Cheat::kSlowDrip); slow != nullptr) {
      ASSIGN_OR_RETURN(relay_, ThrottledRelay::Start(endpoint_, slow->value, kHandshakeBytes));
      endpoint_ = relay_->endpoint();
    }
    return absl::OkStatus();
  }

  const std::string& endpoint() const override { return endpoint_; }
  const Digest& tls_pin() const override { return pin_; }

  v1::Device RosterEntry(std::uint32_t device) const override {
    v1::Device entry;
    entry.set_id(device);
    entry.set_key(ToString(key_ != nullptr ? key_->address() : DeviceKey(device).address()));
    entry.set_tls_pin(ToString(pin_));
    entry.set_endpoint(endpoint_);
    return entry;
  }

 private:
  Service service_;
  std::shared_ptr<const SigningKey> key_;
  Digest pin_;
  std::string endpoint_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<ThrottledRelay> relay_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ScriptedProvider>> ScriptedProvider::Start(ScriptedOptions options) {
  if (options.tls.certificate_pem.empty()) {
    ASSIGN_OR_RETURN(options.tls, MakeTlsKey(kTlsName));
  }
  ASSIGN_OR_RETURN(const Digest pin, TlsPin(options.tls.certificate_pem));
  TlsKey shown = options.tls;
  if (Find(options.behaviours, Cheat::kOtherTlsKey) != nullptr) {
    ASSIGN_OR_RETURN(shown, MakeTlsKey(kTlsName));
  } else if (Find(options.behaviours, Cheat::kStolenCertificate) != nullptr) {
    ASSIGN_OR_RETURN(shown, StealCertificate(options.tls));
  }
  auto provider = std::make_unique<Provider>(options, pin);
  RETURN_IF_ERROR(provider->Listen(options, shown));
  return provider;
}

}  // namespace kaisar::testing
