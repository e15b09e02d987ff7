#include <gmock/gmock.h>

#include <set>

#include "challenges/roster.h"
#include "tests/integration/grpc_client_fixture.h"

namespace kaisar::checker {
namespace {

using ::testing::HasSubstr;

class GrpcLatencyTest : public GrpcClientTest {};

TEST_F(GrpcLatencyTest, CompletesWithEveryEchoInOrderAndASignedTranscript) {
  const v1::Device device = Start("honest");
  const LatencyAnswer answer = RunLatency(device);
  ASSERT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
  ASSERT_EQ(answer.evidence.echoes_size(), 16);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(answer.evidence.echoes(i).ping(), static_cast<std::uint32_t>(i));
    EXPECT_GT(answer.evidence.echoes(i).rtt_us(), 0u);
    EXPECT_LT(answer.evidence.echoes(i).rtt_us(), 200'000u);
  }
  const LatencyCallSpec spec = LatencySpec(device.id());
  const auto hash = challenges::NoncesHash(spec.nonces, answer.evidence);
  ASSERT_TRUE(hash.ok()) << hash.status();
  const Digest id = challenges::ToDigest(spec.challenge.challenge().challenge_id());
  // The expiry differs from run to run, so the digest is not known here; the length is.
  EXPECT_EQ(answer.evidence.transcript().signature().size(), 65u) << ToString(id);
}

TEST_F(GrpcLatencyTest, MeasuresFromPingToEcho) {
  LatencyCallSpec spec = LatencySpec(1);
  const LatencyAnswer answer = StartLatency(Start("late-pings=40"), std::move(spec)).get();
  ASSERT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
  for (const auto& echo : answer.evidence.echoes()) {
    EXPECT_GE(echo.rtt_us(), 40'000u);
    EXPECT_LT(echo.rtt_us(), 200'000u);
  }
  EXPECT_GE(answer.end.elapsed_ms, 16u * 40u);
}

TEST_F(GrpcLatencyTest, KeepsTheSpacingOfThePolicy) {
  LatencyCallSpec spec = LatencySpec(1);
  spec.spacing_ms = 50;
  const LatencyAnswer answer = StartLatency(Start("honest"), std::move(spec)).get();
  ASSERT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
  EXPECT_GE(answer.end.elapsed_ms, 15u * 49u);
}

TEST_F(GrpcLatencyTest, GoesOnAfterPingsThatAreNotAnswered) {
  const LatencyAnswer answer = RunLatency(Start("drop-pings=25"));
  ASSERT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
  EXPECT_EQ(answer.evidence.echoes_size(), 12);
  EXPECT_LE(answer.end.elapsed_ms, kDeadlineMs);
}

TEST_F(GrpcLatencyTest, SendsAllPingsWithinTheDeadlineToADeviceThatAnswersLate) {
  LatencyCallSpec spec = LatencySpec(1);  // 16 pings of 300 ms one after the other take 4800 ms
  const LatencyAnswer answer = StartLatency(Start("late-pings=300"), std::move(spec)).get();
  EXPECT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
  EXPECT_EQ(answer.evidence.echoes_size(), 16);
  for (const auto& echo : answer.evidence.echoes()) EXPECT_GE(echo.rtt_us(), 300'000u);
}

TEST_F(GrpcLatencyTest, EndsAtTheDeadlineWhenTheDeviceIsSilent) {
  const LatencyAnswer answer = RunLatency(Start("silent"));
  EXPECT_EQ(answer.end.transport, v1::DEADLINE) << answer.end.detail;
  EXPECT_GE(answer.end.elapsed_ms, kDeadlineMs - 10u);
  EXPECT_LE(answer.end.elapsed_ms, kDeadlineMs + 300u);
}

TEST_F(GrpcLatencyTest, EndsAtTheDeadlineWhenTheDeviceDripsItsBytes) {
  const LatencyAnswer answer = RunLatency(Start("slow-drip=50"));
  EXPECT_EQ(answer.end.transport, v1::DEADLINE) << answer.end.detail;
  EXPECT_LE(answer.end.elapsed_ms, kDeadlineMs + 300u);
}

TEST_F(GrpcLatencyTest, CallsAnEchoOfSomethingElseAViolation) {
  EXPECT_EQ(RunLatency(Start("wrong-echo")).end.transport, v1::VIOLATION);
}

TEST_F(GrpcLatencyTest, CallsARepeatedEchoAViolation) {
  EXPECT_EQ(RunLatency(Start("repeated-echo")).end.transport, v1::VIOLATION);
}

TEST_F(GrpcLatencyTest, CutsOffADeviceThatSendsForEver) {
  const LatencyAnswer answer = RunLatency(Start("endless"));
  EXPECT_EQ(answer.end.transport, v1::VIOLATION) << answer.end.detail;
  EXPECT_LE(answer.end.elapsed_ms, 500u);
}

TEST_F(GrpcLatencyTest, CallsAMessageAboveTheLimitAViolation) {
  const LatencyAnswer answer = RunLatency(Start("huge-message=1000000"));
  EXPECT_EQ(answer.end.transport, v1::VIOLATION) << answer.end.detail;
  EXPECT_THAT(answer.end.detail, HasSubstr("1000"));
}

TEST_F(GrpcLatencyTest, KeepsTheRefusalAndItsWords) {
  const LatencyAnswer answer = RunLatency(Start("claims-busy-without-evidence"));
  EXPECT_EQ(answer.end.transport, v1::DECLINED) << answer.end.detail;
  EXPECT_FALSE(answer.end.refusal.message().empty());
}

TEST_F(GrpcLatencyTest, CallsAStreamThatEndsInTheMiddleBroken) {
  EXPECT_EQ(RunLatency(Start("close-half-way")).end.transport, v1::BROKEN);
  EXPECT_EQ(RunLatency(Start("reset")).end.transport, v1::BROKEN);
}

TEST_F(GrpcLatencyTest, BelievesNoDeviceThatADeadlineHasPassed) {
  const LatencyAnswer answer = RunLatency(Start("claims-deadline"));
  EXPECT_EQ(answer.end.transport, v1::BROKEN);
  EXPECT_THAT(answer.end.detail, HasSubstr("too late"));
}

// An auditor refuses a log that says more than the format.
TEST_F(GrpcLatencyTest, DropsWhatADeviceSaysBeyondTheProtocol) {
  const LatencyAnswer answer = RunLatency(Start("unknown-fields"));
  ASSERT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
  v1::PingTranscript known;
  known.set_signature(answer.evidence.transcript().signature());
  EXPECT_EQ(answer.evidence.transcript().SerializeAsString(), known.SerializeAsString());
  EXPECT_EQ(known.signature().size(), 65u);
}

TEST_F(GrpcLatencyTest, IsNotDelayedByOtherDevicesThatMisbehave) {
  const v1::Device honest = Start("honest");
  ASSERT_EQ(RunLatency(honest).end.transport, v1::COMPLETED);
  std::vector<std::future<LatencyAnswer>> others;
  for (const char* behaviour : {"silent", "endless", "slow-drip=50", "huge-message=4000000"}) {
    const v1::Device device = Start(behaviour);
    for (int i = 0; i < 3; ++i) others.push_back(StartLatency(device, LatencySpec(device.id())));
  }
  const LatencyAnswer answer = RunLatency(honest);
  EXPECT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
  EXPECT_LE(answer.end.elapsed_ms, 500u);
  for (auto& other : others) EXPECT_NE(other.get().end.transport, v1::COMPLETED);
}

}  // namespace
}  // namespace kaisar::checker
