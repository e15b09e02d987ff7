// A bandwidth call over real gRPC: what is taken in which order, and what ends it.
#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <chrono>
#include <thread>

#include "challenges/bandwidth/terms.h"
#include "kaisar/v1/provider.grpc.pb.h"
#include "tests/integration/grpc_client_fixture.h"
#include "tests/support/scripted_stream.h"
#include "tests/support/task_thread.h"

namespace kaisar::checker {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::uint32_t kConnectMs = 1000;
constexpr std::uint32_t kOpenMs = 600;
constexpr std::uint32_t kResultMs = 400;
constexpr std::uint64_t kLaterMs = 200;

v1::BandwidthResponse Opened(v1::Direction direction, std::uint32_t port = 5201,
                             std::size_t key_bytes = 450) {
  v1::BandwidthResponse response;
  response.mutable_opened()->set_direction(direction);
  response.mutable_opened()->set_port(port);
  response.mutable_opened()->set_rsa_public_key(std::string(key_bytes, 'k'));
  return response;
}

v1::BandwidthResponse Result(v1::Direction direction, std::size_t bytes = 5000) {
  v1::BandwidthResponse response;
  response.mutable_measured()->set_direction(direction);
  response.mutable_measured()->set_result(std::string(bytes, 'r'));
  return response;
}

v1::BandwidthResponse Transcript() {
  v1::BandwidthResponse response;
  response.mutable_transcript()->set_signature(std::string(65, 's'));
  return response;
}

/// What the server says as soon as it is asked, and whether it ends the stream then.
struct Script {
  std::vector<v1::BandwidthResponse> says;
  bool ends = false;
  std::vector<v1::BandwidthResponse> says_later = {};  // some time after
};

class ScriptStream final
    : public testing::ScriptedStream<v1::BandwidthRequest, v1::BandwidthResponse> {
 public:
  ScriptStream(grpc::CallbackServerContext* context, testing::TaskThread& timer, Script script)
      : ScriptedStream(context, timer), script_(std::move(script)) {}

 private:
  void OnMessage(const v1::BandwidthRequest& request) override {
    if (request.password().size() != 32) return End(grpc::Status(grpc::StatusCode::ABORTED, ""));
    for (const v1::BandwidthResponse& response : script_.says) Send(response);
    if (script_.ends) End(grpc::Status::OK);
    for (std::size_t i = 0; i < script_.says_later.size(); ++i) {
      SendAfter(kLaterMs + 20 * i, script_.says_later[i]);
    }
  }

  const Script script_;
};

/// A server that follows a script on every bandwidth call.
class ScriptServer final : public v1::Provider::CallbackService {
 public:
  ScriptServer(Script script, const std::string& listen) : script_(std::move(script)) {
    const TlsKey key = MakeTlsKey("kaisar-provider").value();
    pin_ = TlsPin(key.certificate_pem).value();
    auto provider = std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
        std::vector<grpc::experimental::IdentityKeyCertPair>{
            {.private_key = key.private_key_pem, .certificate_chain = key.certificate_pem}});
    grpc::experimental::TlsServerCredentialsOptions options(provider);
    options.watch_identity_key_cert_pairs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(listen, grpc::experimental::TlsServerCredentials(options), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    endpoint_ = absl::StrCat(listen.substr(0, listen.rfind(':')), ":", port);
  }
  ~ScriptServer() override {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    timer_.Stop();
    if (server_ != nullptr) server_->Wait();
  }

  grpc::ServerBidiReactor<v1::BandwidthRequest, v1::BandwidthResponse>* Bandwidth(
      grpc::CallbackServerContext* context) override {
    const auto stream = std::make_shared<ScriptStream>(context, timer_, script_);
    stream->Begin(stream);
    return stream.get();
  }

  bool listens() const { return server_ != nullptr; }
  v1::Device RosterEntry() const {
    v1::Device entry;
    entry.set_id(1);
    entry.set_tls_pin(ToString(pin_));
    entry.set_endpoint(endpoint_);
    return entry;
  }

 private:
  const Script script_;
  testing::TaskThread timer_;
  Digest pin_{};
  std::string endpoint_;
  std::unique_ptr<grpc::Server> server_;
};

class GrpcBandwidthTest : public GrpcClientTest {
 protected:
  /// A call under way, and what came of it.
  struct Call {
    std::promise<BandwidthOpening> opened[2];
    std::promise<BandwidthAnswer> done;
    std::atomic<int> openings{0};
    std::shared_ptr<BandwidthCall> call;
    std::future<BandwidthAnswer> answer = done.get_future();
  };

  std::shared_ptr<Call> Begin(Script script, const std::string& listen = "127.0.0.1:0") {
    server_ = std::make_unique<ScriptServer>(std::move(script), listen);
    return Begin(server_->RosterEntry());
  }

  std::shared_ptr<Call> Begin(const v1::Device& device) {
    v1::BandwidthParams params;
    params.set_seconds(1);
    BandwidthCallSpec spec;
    spec.challenge = Challenge(device.id(), v1::BANDWIDTH, params.SerializeAsString());
    spec.connect_deadline_ms = kConnectMs;
    spec.open_deadline_ms = kOpenMs;
    spec.result_deadline_ms = kResultMs;
    auto call = std::make_shared<Call>();
    call->call = client_->StartBandwidth(
        device, std::move(spec),
        [call](BandwidthOpening opening) {
          call->opened[call->openings++].set_value(std::move(opening));
        },
        [call](BandwidthAnswer answer) { call->done.set_value(std::move(answer)); });
    return call;
  }

  /// How a call ends whose tests take no time.
  CallEnd EndOf(Script script) {
    const auto call = Begin(std::move(script));
    auto opened = call->opened[0].get_future();
    if (opened.wait_for(std::chrono::milliseconds(200)) == std::future_status::ready) {
      call->call->Measured();
    }
    return call->answer.get().end;
  }

  std::unique_ptr<ScriptServer> server_;
};

// All that the device says comes at once, before the checker's ends of the tests are over.
TEST_F(GrpcBandwidthTest, HandsOnTheSecondOpeningOnlyAfterTheFirstTest) {
  const auto call = Begin({{Opened(v1::DOWN, 1), Result(v1::DOWN), Opened(v1::UP, 65'535)}, false});
  const BandwidthOpening down = call->opened[0].get_future().get();
  EXPECT_EQ(down.opened.direction(), v1::DOWN);
  EXPECT_EQ(down.opened.port(), 1u);
  EXPECT_EQ(down.address, "127.0.0.1");
  // Longer than any deadline of the device: the time of our test is ours.
  std::this_thread::sleep_for(std::chrono::milliseconds(2 * kOpenMs));
  EXPECT_EQ(call->openings, 1);
  call->call->Measured();
  EXPECT_EQ(call->opened[1].get_future().get().opened.port(), 65'535u);
  call->call->Measured();
  const BandwidthAnswer answer = call->answer.get();
  EXPECT_EQ(answer.end.transport, v1::DEADLINE) << answer.end.detail;
  EXPECT_THAT(answer.end.detail, HasSubstr("no result of a test"));
  EXPECT_THAT(answer.measured, SizeIs(1));
}

TEST_F(GrpcBandwidthTest, CompletesWithBothResultsAndATranscript) {
  const auto call = Begin({{Opened(v1::DOWN), Result(v1::DOWN), Opened(v1::UP)},
                           false,
                           {Result(v1::UP), Transcript()}});
  call->opened[0].get_future().wait();
  call->call->Measured();
  call->opened[1].get_future().wait();
  call->call->Measured();
  const BandwidthAnswer answer = call->answer.get();
  ASSERT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
  ASSERT_THAT(answer.measured, SizeIs(2));
  EXPECT_EQ(answer.measured[0].direction(), v1::DOWN);
  EXPECT_EQ(answer.measured[1].direction(), v1::UP);
  EXPECT_EQ(answer.measured[1].result(), std::string(5000, 'r'));
  ASSERT_TRUE(answer.transcript.has_value());
  EXPECT_EQ(answer.transcript->signature().size(), 65u);
}

// Its end of the second test is over, and the transcript is here, before the checker's end is.
TEST_F(GrpcBandwidthTest, CompletesBeforeTheCheckersEndOfTheSecondTest) {
  const auto call = Begin({{Opened(v1::DOWN), Result(v1::DOWN), Opened(v1::UP)},
                           false,
                           {Result(v1::UP), Transcript()}});
  call->opened[0].get_future().wait();
  call->call->Measured();
  EXPECT_EQ(call->answer.get().end.transport, v1::COMPLETED);
  call->call->Measured();  // too late to matter
}

TEST_F(GrpcBandwidthTest, EndsSoonAfterCancel) {
  const auto call = Begin({{Opened(v1::DOWN)}, false});
  call->call->Measured();  // of no test: no effect
  call->opened[0].get_future().wait();
  call->call->Cancel();
  EXPECT_EQ(call->answer.get().end.transport, v1::ABANDONED);
  call->call->Measured();
  call->call->Cancel();
}

TEST_F(GrpcBandwidthTest, TellsTheAddressOfAnIpv6Connection) {
  const auto call = Begin({{Opened(v1::DOWN)}, false}, "[::1]:0");
  if (!server_->listens()) GTEST_SKIP() << "no IPv6 here";
  EXPECT_EQ(call->opened[0].get_future().get().address, "::1");
  call->call->Cancel();
  call->answer.wait();
}

TEST_F(GrpcBandwidthTest, EndsWhenNoTestIsOpened) {
  const BandwidthAnswer answer = Begin(Script{})->answer.get();
  EXPECT_EQ(answer.end.transport, v1::DEADLINE) << answer.end.detail;
  EXPECT_LE(answer.end.elapsed_ms, kConnectMs + 300u);
}

TEST_F(GrpcBandwidthTest, EndsWhenThereIsNoConnection) {
  v1::Device device;
  {
    const ScriptServer gone({}, "127.0.0.1:0");
    device = gone.RosterEntry();
  }
  EXPECT_EQ(Begin(device)->answer.get().end.transport, v1::NO_CONNECTION);
}

TEST_F(GrpcBandwidthTest, EndsWhenNothingFollowsAResult) {
  const CallEnd end = EndOf({{Opened(v1::DOWN), Result(v1::DOWN)}, false});
  EXPECT_EQ(end.transport, v1::DEADLINE) << end.detail;
  EXPECT_THAT(end.detail, HasSubstr("no second test was opened"));
}

TEST_F(GrpcBandwidthTest, CallsAStreamThatEndsInTheMiddleBroken) {
  EXPECT_EQ(EndOf({{}, true}).transport, v1::BROKEN);
  EXPECT_EQ(EndOf({{Opened(v1::DOWN)}, true}).transport, v1::BROKEN);
  EXPECT_EQ(EndOf({{Opened(v1::DOWN), Result(v1::DOWN)}, true}).transport, v1::BROKEN);
}

TEST_F(GrpcBandwidthTest, KeepsARefusal) {
  v1::BandwidthResponse refusal;
  refusal.mutable_refusal()->set_message("testing for another slot");
  const CallEnd end = EndOf({{refusal}, true});
  EXPECT_EQ(end.transport, v1::DECLINED);
  EXPECT_EQ(end.refusal.message(), "testing for another slot");
}

TEST_F(GrpcBandwidthTest, CallsWhatTheProtocolDoesNotAllowAViolation) {
  using challenges::kMostBandwidthResultBytes;
  using challenges::kMostRsaPublicKeyBytes;
  const auto opened = Opened(v1::DOWN);
  const std::vector<std::pair<const char*, std::vector<v1::BandwidthResponse>>> scripts = {
      {"nothing in it", {v1::BandwidthResponse()}},
      {"the other direction first", {Opened(v1::UP)}},
      {"no direction", {Opened(v1::DIRECTION_UNSPECIFIED)}},
      {"port 0", {Opened(v1::DOWN, 0)}},
      {"port 65536", {Opened(v1::DOWN, 65'536)}},
      {"a long key", {Opened(v1::DOWN, 1, kMostRsaPublicKeyBytes + 1)}},
      {"a result before a test", {Result(v1::DOWN)}},
      {"a result of the other direction", {opened, Result(v1::UP)}},
      {"a long result", {opened, Result(v1::DOWN, kMostBandwidthResultBytes + 1)}},
      {"a huge result", {opened, Result(v1::DOWN, 200'000)}},
      {"opened twice", {opened, opened}},
      {"down again", {opened, Result(v1::DOWN), opened}},
      {"two results of one test", {opened, Result(v1::DOWN), Result(v1::DOWN)}},
      {"a result of a test that waits for us",
       {opened, Result(v1::DOWN), Opened(v1::UP), Result(v1::UP)}},
      {"a transcript before the end", {opened, Result(v1::DOWN), Transcript()}}};
  for (const auto& [name, says] : scripts) {
    const auto call = Begin({says, false});
    const CallEnd end = call->answer.get().end;
    EXPECT_EQ(end.transport, v1::VIOLATION) << name << ": " << end.detail;
  }
}

}  // namespace
}  // namespace kaisar::checker
