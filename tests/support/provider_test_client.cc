#include "tests/support/provider_test_client.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace kaisar::testing {
namespace {

namespace tls = grpc::experimental;

class AcceptAll : public tls::ExternalCertificateVerifier {
 public:
  bool Verify(tls::TlsCustomVerificationCheckRequest*, std::function<void(grpc::Status)>,
              grpc::Status* status) override {
    *status = grpc::Status::OK;
    return true;
  }
  void Cancel(tls::TlsCustomVerificationCheckRequest*) override {}
};

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(const std::optional<TlsKey>& own) {
  tls::TlsChannelCredentialsOptions options;
  if (own.has_value()) {
    options.set_certificate_provider(std::make_shared<tls::StaticDataCertificateProvider>(
        std::vector<tls::IdentityKeyCertPair>{{own->private_key_pem, own->certificate_pem}}));
    options.watch_identity_key_cert_pairs();
  }
  options.set_verify_server_certs(false);
  options.set_check_call_host(false);
  options.set_certificate_verifier(tls::ExternalCertificateVerifier::Create<AcceptAll>());
  return tls::TlsCredentials(options);
}

}  // namespace

ProviderTestClient::ProviderTestClient(const std::string& address,
                                       const std::optional<TlsKey>& own) {
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("kaisar-provider");
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE,
                   0);  // what a test does not read stays on the other side
  channel_ = grpc::CreateCustomChannel(address, MakeCredentials(own), arguments);
  stub_ = v1::Provider::NewStub(channel_);
}

absl::StatusOr<v1::DescribeResponse> ProviderTestClient::Describe() {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::DescribeResponse response;
  const grpc::Status status = stub_->Describe(&context, {}, &response);
  if (status.ok()) return response;
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

std::optional<v1::MatmulResponse> MatmulTestStream::Ping(const std::string& bytes) {
  v1::MatmulRequest request;
  request.set_ping(bytes);
  return Ask(request);
}

void MatmulTestStream::SendChallenge(const v1::SignedChallenge& challenge) {
  v1::MatmulRequest request;
  *request.mutable_challenge() = challenge;
  Send(request);
}

void MatmulTestStream::SendSamples(const std::vector<challenges::MatmulSample>& samples) {
  v1::MatmulRequest request;
  request.mutable_samples();
  for (const challenges::MatmulSample& sample : samples) {
    v1::Sample& entry = *request.mutable_samples()->add_samples();
    entry.set_j(sample.j);
    entry.set_r(sample.r);
    entry.set_c(sample.c);
  }
  Send(request);
}

std::optional<v1::LatencyResponse> LatencyTestStream::Challenge(
    const v1::SignedChallenge& challenge) {
  v1::LatencyRequest request;
  *request.mutable_challenge() = challenge;
  return Ask(request);
}

std::optional<v1::LatencyResponse> LatencyTestStream::Nonce(const std::string& bytes) {
  v1::LatencyRequest request;
  request.set_nonce(bytes);
  return Ask(request);
}

std::optional<v1::LatencyResponse> LatencyTestStream::Finish() {
  v1::LatencyRequest request;
  request.mutable_finish();
  return Ask(request);
}

void BandwidthTestStream::SendChallenge(const v1::SignedChallenge& challenge,
                                        const Digest& password) {
  v1::BandwidthRequest request;
  *request.mutable_challenge() = challenge;
  request.set_password(ToString(password));
  Send(request);
}

}  // namespace kaisar::testing
