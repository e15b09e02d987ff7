#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/keys/tls_key.h"
#include "challenges/matmul/samples.h"
#include "kaisar/v1/provider.grpc.pb.h"

namespace kaisar::testing {

/// A blocking client of one provider, over a connection of its own. It does what a test tells it,
/// right or wrong, and does not look at the server's key. Every call has a deadline of 20 s.
class ProviderTestClient {
 public:
  /// Without a key the client shows no certificate.
  ProviderTestClient(const std::string& address, const std::optional<TlsKey>& own);

  v1::Provider::Stub& stub() { return *stub_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  absl::StatusOr<v1::DescribeResponse> Describe();

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Provider::Stub> stub_;
};

/// One open stream of Provider.Matmul, Provider.Latency or Provider.Bandwidth.
template <typename Request, typename Response>
class TestStream {
 public:
  using Stream = grpc::ClientReaderWriter<Request, Response>;

  explicit TestStream(std::unique_ptr<Stream> (v1::Provider::Stub::*open)(grpc::ClientContext*),
                      ProviderTestClient& client) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    stream_ = (client.stub().*open)(&context_);
  }
  ~TestStream() {
    context_.TryCancel();
    if (!ended_) End();
  }

  bool Send(const Request& request) { return stream_->Write(request); }
  /// The next message; nothing when the stream has ended.
  std::optional<Response> Receive() {
    Response response;
    if (!stream_->Read(&response)) return std::nullopt;
    return response;
  }
  std::optional<Response> Ask(const Request& request) {
    Send(request);
    return Receive();
  }
  void HalfClose() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }
  /// Reads what is left and gives the status that the stream ended with.
  grpc::Status End() {
    ended_ = true;
    while (Receive().has_value()) continue;
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
  bool ended_ = false;
};

class MatmulTestStream : public TestStream<v1::MatmulRequest, v1::MatmulResponse> {
 public:
  explicit MatmulTestStream(ProviderTestClient& client)
      : TestStream(&v1::Provider::Stub::Matmul, client) {}
  std::optional<v1::MatmulResponse> Ping(const std::string& bytes);
  void SendChallenge(const v1::SignedChallenge& challenge);
  void SendSamples(const std::vector<challenges::MatmulSample>& samples);
};

class LatencyTestStream : public TestStream<v1::LatencyRequest, v1::LatencyResponse> {
 public:
  explicit LatencyTestStream(ProviderTestClient& client)
      : TestStream(&v1::Provider::Stub::Latency, client) {}
  std::optional<v1::LatencyResponse> Challenge(const v1::SignedChallenge& challenge);
  std::optional<v1::LatencyResponse> Nonce(const std::string& bytes);
  std::optional<v1::LatencyResponse> Finish();
};

class BandwidthTestStream : public TestStream<v1::BandwidthRequest, v1::BandwidthResponse> {
 public:
  explicit BandwidthTestStream(ProviderTestClient& client)
      : TestStream(&v1::Provider::Stub::Bandwidth, client) {}
  void SendChallenge(const v1::SignedChallenge& challenge, const Digest& password);
};

}  // namespace kaisar::testing
