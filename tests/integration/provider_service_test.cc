// A real provider over loopback, asked by checkers that do what they should.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <grpcpp/generic/generic_stub.h>

#include "base/sha256.h"
#include "challenges/matmul/check.h"
#include "challenges/roster.h"
#include "tests/integration/provider_fixture.h"

namespace kaisar::provider {
namespace {

using ::testing::HasSubstr;
using testing::LatencyTestStream;
using testing::MatmulTestStream;

class ProviderServiceTest : public ProviderFixture {
 protected:
  void SetUp() override {
    ProviderFixture::SetUp();
    StartServer();
  }
};

TEST_F(ProviderServiceTest, ProvesAMatmulThatTheCheckAccepts) {
  const challenges::MatmulShape shape{512, 6};
  const v1::SignedChallenge challenge = Matmul(1, 1, shape.n, shape.rounds, 64);
  const auto client = Client();
  MatmulTestStream stream(*client);
  for (int i = 0; i < 8; ++i) ASSERT_EQ(stream.Ping("ping-pon")->echo(), "ping-pon");
  stream.SendChallenge(challenge);
  const auto commitment = stream.Receive();
  ASSERT_TRUE(commitment.has_value() && commitment->has_commitment());
  const auto roots = challenges::CheckCommitment(shape, commitment->commitment());
  ASSERT_TRUE(roots.ok()) << roots.status();

  std::vector<challenges::MatmulSample> samples;
  for (std::uint32_t i = 0; i < 64; ++i) samples.push_back({i % 6, i * 7 % 512, i * 13 % 512});
  stream.SendSamples(samples);
  stream.HalfClose();  // all is said: the opening must come all the same
  const auto opening = stream.Receive();
  ASSERT_TRUE(opening.has_value() && opening->has_opening());
  EXPECT_TRUE(stream.End().ok());
  v1::MatmulOpeningBody body;
  ASSERT_TRUE(body.ParseFromString(opening->opening().body()));
  const Digest seed = challenges::ToDigest(challenge.challenge().seed());
  const absl::Status check = challenges::CheckOpening({seed, shape, *roots, samples}, body);
  EXPECT_TRUE(check.ok()) << check;

  const Digest commitment_hash = challenges::ToDigest(commitment->commitment().commitment());
  const Address device = KeyOf(0x77).address();
  EXPECT_TRUE(
      SignedBy(device,
               challenges::MatmulCommitmentDigest(
                   kDomain, Filled(1), challenges::ChallengeDigest(kDomain, challenge.challenge()),
                   commitment_hash),
               ViewOf(commitment->commitment().signature())));
  EXPECT_TRUE(SignedBy(device,
                       challenges::MatmulOpeningDigest(kDomain, Filled(1), commitment_hash,
                                                       Sha256(ViewOf(opening->opening().body()))),
                       ViewOf(opening->opening().signature())));
}

TEST_F(ProviderServiceTest, EchoesPingsAndSignsTheirTranscript) {
  const v1::SignedChallenge challenge = SignedSample(RealClock(), v1::LATENCY, 2, 1);
  const auto client = Client(2);
  LatencyTestStream stream(*client);
  ASSERT_TRUE(stream.Challenge(challenge)->has_accepted());
  EXPECT_EQ(stream.Nonce("abcdefgh")->echo(), "abcdefgh");
  EXPECT_EQ(stream.Nonce("12345678")->echo(), "12345678");
  const auto transcript = stream.Finish();
  ASSERT_TRUE(transcript.has_value());
  EXPECT_TRUE(stream.End().ok());
  EXPECT_TRUE(SignedBy(
      KeyOf(0x77).address(),
      challenges::PingTranscriptDigest(kDomain, Filled(1),
                                       challenges::ChallengeDigest(kDomain, challenge.challenge()),
                                       Sha256(ViewOf("abcdefgh12345678"))),
      ViewOf(transcript->transcript().signature())));
}

TEST_F(ProviderServiceTest, AnswersPingsWhileItComputes) {
  const auto client = Client();
  MatmulTestStream matmul(*client);
  matmul.SendChallenge(LongMatmul(1, 1));
  AwaitRunning(0x10);
  LatencyTestStream latency(*client);
  ASSERT_TRUE(latency.Challenge(SignedSample(RealClock(), v1::LATENCY, 1, 2))->has_accepted());
  EXPECT_EQ(latency.Nonce("abcdefgh")->echo(), "abcdefgh");
}

TEST_F(ProviderServiceTest, DescribesItsDevices) {
  const auto description = Client()->Describe();
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_THAT(description->software(), HasSubstr("kaisar-provider"));
  ASSERT_EQ(description->devices_size(), 1);
  EXPECT_EQ(description->devices(0).id(), kDevice);
  EXPECT_THAT(description->devices(0).backend(), HasSubstr("1 thread"));
  EXPECT_EQ(description->devices(0).state_memory_bytes(), std::uint64_t{1} << 30);
}

TEST_F(ProviderServiceTest, OffersHealthAndReflection) {
  // grpc.health.v1.HealthCheckResponse{status: SERVING} is 08 01 on the wire.
  const auto client = Client();
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(client->channel());
  const auto call = [&](const std::string& method, const std::string& bytes) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    grpc::CompletionQueue queue;
    const grpc::Slice slice(bytes);
    const auto stream = stub.PrepareCall(&context, method, &queue);
    grpc::ByteBuffer answer;
    grpc::Status status;
    void* tag = nullptr;
    bool ok = false;
    stream->StartCall(nullptr);
    queue.Next(&tag, &ok);
    stream->WriteLast(grpc::ByteBuffer(&slice, 1), {}, nullptr);
    queue.Next(&tag, &ok);
    stream->Read(&answer, nullptr);
    queue.Next(&tag, &ok);
    std::vector<grpc::Slice> slices;
    if (ok) answer.Dump(&slices).ok();
    std::string text;
    for (const grpc::Slice& part : slices) {
      text.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
    stream->Finish(&status, nullptr);
    queue.Next(&tag, &ok);
    queue.Shutdown();
    while (queue.Next(&tag, &ok)) continue;
    return text;
  };
  EXPECT_EQ(call("/grpc.health.v1.Health/Check", ""), std::string("\x08\x01"));
  // ServerReflectionRequest{list_services: ""}: field 7, length 0.
  EXPECT_THAT(call("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                   std::string("\x3a\x00", 2)),
              HasSubstr("kaisar.v1.Provider"));
}

}  // namespace
}  // namespace kaisar::provider
