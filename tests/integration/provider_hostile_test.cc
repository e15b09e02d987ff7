// A real provider over loopback, asked by peers that must not get what they want. After each of
// these the fixture sees to it that another slot is still served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "tests/integration/provider_fixture.h"
#include "tests/support/stolen_certificate.h"

namespace kaisar::provider {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;
using testing::LatencyTestStream;
using testing::MatmulTestStream;
using testing::ProviderTestClient;

class ProviderHostileTest : public ProviderFixture {
 protected:
  StatusCode MatmulStatus(const v1::SignedChallenge& challenge, ProviderTestClient& client) {
    MatmulTestStream stream(client);
    stream.SendChallenge(challenge);
    return stream.End().error_code();
  }
  std::string Refused(const v1::SignedChallenge& challenge, std::uint8_t slot = 1) {
    const auto client = Client(slot);
    MatmulTestStream stream(*client);
    stream.SendChallenge(challenge);
    const auto answer = stream.Receive();
    if (!answer.has_value() || !answer->has_refusal()) return "not refused";
    EXPECT_TRUE(stream.End().ok());
    return answer->refusal().message();
  }
};

TEST_F(ProviderHostileTest, AnUnpinnedKeyGetsNothing) {
  StartServer();
  ProviderTestClient stranger(server_->address(), MakeTlsKey("slot").value());
  EXPECT_EQ(MatmulStatus(Matmul(1, 1, 256, 1), stranger), StatusCode::UNAUTHENTICATED);
  LatencyTestStream latency(stranger);
  latency.Challenge(SignedSample(RealClock(), v1::LATENCY, 1, 1));
  EXPECT_EQ(latency.End().error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(stranger.Describe().status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(ProviderHostileTest, APeerWithoutACertificateGetsNoConnection) {
  StartServer();
  ProviderTestClient nobody(server_->address(), std::nullopt);
  EXPECT_EQ(nobody.Describe().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ProviderHostileTest, AStolenCertificateWithoutItsKeyGetsNoConnection) {
  StartServer();
  const auto stolen = testing::StealCertificate(tls_keys_[0]);
  ASSERT_TRUE(stolen.ok()) << stolen.status();
  ASSERT_EQ(TlsPin(stolen->certificate_pem).value(), config_.slots[0].tls_pin);
  ProviderTestClient thief(server_->address(), *stolen);
  EXPECT_EQ(thief.Describe().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Client(1)->Describe().ok());
}

TEST_F(ProviderHostileTest, AnotherSlotsChallengeIsRefused) {
  StartServer();
  EXPECT_EQ(MatmulStatus(Matmul(1, 2, 256, 1), *Client(1)), StatusCode::PERMISSION_DENIED);
}

TEST_F(ProviderHostileTest, AnUnknownSlotsChallengeIsRefused) {
  StartServer();
  EXPECT_EQ(MatmulStatus(Matmul(1, 99, 256, 1), *Client(1)), StatusCode::PERMISSION_DENIED);
}

TEST_F(ProviderHostileTest, ABadlySignedChallengeIsRefused) {
  StartServer();
  v1::SignedChallenge challenge = Matmul(1, 1, 256, 1);
  challenge.mutable_challenge()->set_epoch(8);
  EXPECT_EQ(MatmulStatus(challenge, *Client(1)), StatusCode::PERMISSION_DENIED);
}

TEST_F(ProviderHostileTest, AnExpiredChallengeIsRefused) {
  StartServer();
  v1::SignedChallenge challenge = Matmul(1, 1, 256, 1);
  challenge.mutable_challenge()->set_expires_at_ms(RealClock().WallMs() - 1);
  EXPECT_THAT(Refused(Signed(challenge)), HasSubstr("expired"));
}

TEST_F(ProviderHostileTest, AReplayedChallengeIsRefused) {
  StartServer();
  const v1::SignedChallenge challenge = Matmul(1, 1, 256, 1);
  EXPECT_EQ(Refused(challenge), "not refused");
  EXPECT_EQ(Refused(challenge), "challenge was taken before");
}

TEST_F(ProviderHostileTest, AbsurdSizesAreMalformed) {
  StartServer();
  for (const auto& [n, rounds] : std::vector<std::pair<unsigned, unsigned>>{
           {0, 1}, {255, 1}, {65536, 1}, {0xffffffff, 0xffffffff}, {256, 0}, {256, 4097}}) {
    EXPECT_EQ(MatmulStatus(Matmul(1, 1, n, rounds), *Client(1)), StatusCode::INVALID_ARGUMENT)
        << n << " " << rounds;
  }
}

std::uint64_t PeakVirtualKib() {
  std::ifstream status("/proc/self/status");
  std::string line;
  std::uint64_t kib = 0;
  while (std::getline(status, line)) {
    if (absl::StartsWith(line, "VmPeak:")) std::sscanf(line.c_str(), "VmPeak: %lu", &kib);
  }
  return kib;
}

TEST_F(ProviderHostileTest, MoreStateThanTheLimitIsRefusedBeforeItIsAllocated) {
  StartServer();
  EXPECT_EQ(Refused(Matmul(1, 1, 256, 1)),
            "not refused");  // so that all threads and arenas are there
  const std::uint64_t before_kib = PeakVirtualKib();
  EXPECT_EQ(Refused(Matmul(2, 1, 32768, 4)),
            "states take 4294967296 bytes (n = 32768, 4 rounds), limit 1073741824");
  // Not even one matrix of 2^30 bytes.
  EXPECT_LT(PeakVirtualKib() - before_kib, std::uint64_t{1} << 20);
}

TEST_F(ProviderHostileTest, ASecondMatmulShowsTheFirstToAnotherSlotOnly) {
  StartServer();
  const auto client = Client();
  MatmulTestStream first(*client);
  const v1::SignedChallenge running = LongMatmul(1, 1);
  first.SendChallenge(running);
  AwaitRunning(0x10);
  EXPECT_THAT(Refused(Matmul(2, 1, 256, 1), 1), HasSubstr("works on a challenge"));

  const auto other = Client(2);
  MatmulTestStream second(*other);
  second.SendChallenge(Matmul(3, 2, 256, 1));
  const auto answer = second.Receive();
  ASSERT_TRUE(answer.has_value() && answer->has_refusal());
  EXPECT_EQ(answer->refusal().running().SerializeAsString(), running.SerializeAsString());
}

TEST_F(ProviderHostileTest, AStreamClosedHalfWayFreesTheDevice) {
  StartServer();
  for (const bool half_close : {true, false}) {
    const auto client = Client();
    MatmulTestStream stream(*client);
    const std::uint8_t base = half_close ? 0x20 : 0x80;
    stream.SendChallenge(LongMatmul(base, 1));
    AwaitRunning(static_cast<std::uint8_t>(base + 1));
    half_close ? stream.HalfClose() : stream.Cancel();
    stream.End();
    // Within a second: 50 ms to notice, and the time to give 512 MiB back.
    const std::uint64_t begun_ns = RealClock().MonotonicNs();
    std::uint8_t number = static_cast<std::uint8_t>(base + 0x40);
    while (Refused(Matmul(number, 2, 256, 1), 2) != "not refused") {
      ASSERT_LT(RealClock().MonotonicNs() - begun_ns, 1'000'000'000u);
    }
  }
}

TEST_F(ProviderHostileTest, AMessageAboveTheLimitEndsTheStream) {
  StartServer();
  const auto client = Client();
  MatmulTestStream stream(*client);
  stream.Ping(std::string(70'000, 'x'));
  EXPECT_EQ(stream.End().error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ProviderHostileTest, SamplesOutsideTheShapeEndTheStream) {
  StartServer();
  const auto client = Client();
  MatmulTestStream stream(*client);
  stream.SendChallenge(Matmul(1, 1, 256, 1));
  ASSERT_TRUE(stream.Receive()->has_commitment());
  stream.SendSamples({{0, 0, 0}, {0, 0, 256}, {0, 0, 0}});
  EXPECT_EQ(stream.End().error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(ProviderHostileTest, TooManyStreamsOfOneSlotAreRefused) {
  config_.limits.streams_per_slot = 3;
  StartServer();
  std::vector<std::unique_ptr<ProviderTestClient>> clients;
  std::vector<std::unique_ptr<MatmulTestStream>> streams;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Client());  // a connection each: HTTP/2 has a limit of its own
    streams.push_back(std::make_unique<MatmulTestStream>(*clients.back()));
    ASSERT_TRUE(streams.back()->Ping("12345678").has_value());
  }
  const auto client = Client();
  MatmulTestStream fourth(*client);
  EXPECT_FALSE(fourth.Ping("12345678").has_value());
  EXPECT_EQ(fourth.End().error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ProviderHostileTest, AskingTooOftenIsRefused) {
  config_.limits.rate = {1, 600, 6, 2};
  StartServer();
  const auto client = Client();
  EXPECT_EQ(MatmulStatus(Matmul(1, 2, 256, 1), *client), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(MatmulStatus(Matmul(1, 2, 256, 1), *client), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(MatmulStatus(Matmul(1, 1, 256, 1), *client), StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ProviderHostileTest, AnIdleStreamIsClosed) {
  config_.limits.idle_ms = 200;
  StartServer();
  const auto client = Client();
  MatmulTestStream matmul(*client);
  EXPECT_TRUE(matmul.Ping("12345678").has_value());
  EXPECT_EQ(matmul.End().error_code(), StatusCode::DEADLINE_EXCEEDED);
  LatencyTestStream latency(*client);
  EXPECT_TRUE(latency.Challenge(SignedSample(RealClock(), v1::LATENCY, 1, 1))->has_accepted());
  EXPECT_EQ(latency.End().error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ProviderHostileTest, ACommitmentWithoutSamplesIsDropped) {
  config_.limits.opening_ms = 200;
  StartServer();
  const auto client = Client();
  MatmulTestStream stream(*client);
  stream.SendChallenge(Matmul(1, 1, 256, 1));
  ASSERT_TRUE(stream.Receive()->has_commitment());
  EXPECT_EQ(stream.End().error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(ProviderHostileTest, AnOpeningThatNobodyReadsIsDropped) {
  config_.limits.opening_ms = 500;
  StartServer();
  const auto client = Client();
  MatmulTestStream stream(*client);
  // About 4 MB, more than HTTP/2 lets through when nobody reads.
  stream.SendChallenge(Matmul(1, 1, 2048, 2, 1024));
  ASSERT_TRUE(stream.Receive()->has_commitment());
  stream.SendSamples(std::vector<challenges::MatmulSample>(1024, {1, 0, 0}));
  std::this_thread::sleep_for(std::chrono::seconds(1));  // twice the limit
  EXPECT_EQ(Refused(Matmul(2, 2, 256, 1), 2), "not refused");
  EXPECT_EQ(stream.End().error_code(), StatusCode::CANCELLED);
}

}  // namespace
}  // namespace kaisar::provider
