#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/integration/grpc_client_fixture.h"

namespace kaisar::checker {
namespace {

using ::testing::HasSubstr;

class GrpcConnectionTest : public GrpcClientTest {};

/// Accepts TCP connects and never says a word.
class MuteListener {
 public:
  MuteListener() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~MuteListener() { Close(); }
  void Close() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }
  std::string endpoint() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  int socket_;
  int port_ = 0;
};

TEST_F(GrpcConnectionTest, FindsARefusedConnectOutAtOnce) {
  v1::Device device = Start("honest");
  MuteListener listener;
  device.set_endpoint(listener.endpoint());
  listener.Close();
  const LatencyAnswer answer = RunLatency(device);
  EXPECT_EQ(answer.end.transport, v1::NO_CONNECTION) << answer.end.detail;
  EXPECT_LE(answer.end.elapsed_ms, 300u);
}

TEST_F(GrpcConnectionTest, GivesUpOnAPeerThatAcceptsAndStaysMute) {
  v1::Device device = Start("honest");
  const MuteListener listener;
  device.set_endpoint(listener.endpoint());
  const LatencyAnswer answer = RunLatency(device);
  EXPECT_EQ(answer.end.transport, v1::NO_CONNECTION) << answer.end.detail;
  EXPECT_LE(answer.end.elapsed_ms, 1500u);
  EXPECT_EQ(RunMatmul(device).answer.end.transport, v1::NO_CONNECTION);
}

TEST_F(GrpcConnectionTest, ReachesADeviceThatIsBackAtOnce) {
  v1::Device device = Start("honest");
  const std::string endpoint = device.endpoint();
  ASSERT_EQ(RunLatency(device).end.transport, v1::COMPLETED);
  providers_.clear();
  for (int i = 0; i < 5; ++i) {
    const LatencyAnswer answer = RunLatency(device);
    EXPECT_EQ(answer.end.transport, v1::NO_CONNECTION) << answer.end.detail;
    EXPECT_LE(answer.end.elapsed_ms, 300u);
  }
  const v1::Device back = Start("honest", endpoint);
  device.set_tls_pin(back.tls_pin());
  const LatencyAnswer answer = RunLatency(device);
  EXPECT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
  EXPECT_LE(answer.end.elapsed_ms, 500u);
}

TEST_F(GrpcConnectionTest, RefusesAKeyThatIsNotThePinnedOneAndSaysSo) {
  const LatencyAnswer answer = RunLatency(Start("other-tls-key"));
  EXPECT_EQ(answer.end.transport, v1::NO_CONNECTION);
  EXPECT_THAT(answer.end.detail, HasSubstr("tls pin"));
  EXPECT_LE(answer.end.elapsed_ms, 500u);
}

TEST_F(GrpcConnectionTest, RefusesThePinnedCertificateWithoutItsPrivateKey) {
  const LatencyAnswer answer = RunLatency(Start("stolen-certificate"));
  EXPECT_EQ(answer.end.transport, v1::NO_CONNECTION) << answer.end.detail;
}

TEST_F(GrpcConnectionTest, ConnectsAnewWhenPinOrEndpointChange) {
  v1::Device device = Start("honest");
  ASSERT_EQ(RunLatency(device).end.transport, v1::COMPLETED);
  v1::Device changed = device;
  (*changed.mutable_tls_pin())[0] ^= 1;
  EXPECT_EQ(RunLatency(changed).end.transport, v1::NO_CONNECTION);
  EXPECT_EQ(RunLatency(device).end.transport, v1::COMPLETED);
  changed = Start("honest");
  changed.set_id(device.id());
  EXPECT_EQ(RunLatency(changed).end.transport, v1::COMPLETED);
}

TEST_F(GrpcConnectionTest, UsesOneConnectionForManyCalls) {
  const v1::Device device = Start("honest");
  ASSERT_EQ(RunLatency(device).end.transport, v1::COMPLETED);
  const LatencyAnswer second = RunLatency(device);
  ASSERT_EQ(second.end.transport, v1::COMPLETED);
  LatencyCallSpec spec = LatencySpec(device.id());
  spec.nonces.resize(1);
  spec.spacing_ms = 0;
  EXPECT_LE(StartLatency(device, std::move(spec)).get().end.elapsed_ms, 20u);
}

TEST_F(GrpcConnectionTest, AnswersEveryCallWhenTheClientIsDestroyedUnderIt) {
  const v1::Device silent = Start("silent");
  const v1::Device honest = Start("honest");
  std::vector<std::future<LatencyAnswer>> answers;
  std::atomic<unsigned> done = 0;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(StartLatency(silent, LatencySpec(silent.id())));
    answers.push_back(StartLatency(honest, LatencySpec(honest.id())));
    client_->StartMatmul(
        silent, MatmulSpec(silent.id()), [](v1::CommitmentReceived) {},
        [&](MatmulAnswer) { ++done; });
  }
  const std::uint64_t before_ns = RealClock().MonotonicNs();
  client_.reset();
  EXPECT_LE((RealClock().MonotonicNs() - before_ns) / 1'000'000, 500u);
  EXPECT_EQ(done.load(), 20u);
  for (auto& answer : answers) {
    EXPECT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  }
}

TEST_F(GrpcConnectionTest, RefusesATlsKeyThatIsNone) {
  GrpcClientOptions options;
  options.tls = {"no key", "no certificate"};
  EXPECT_EQ(GrpcProviderClient::Make(std::move(options), RealClock()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kaisar::checker
