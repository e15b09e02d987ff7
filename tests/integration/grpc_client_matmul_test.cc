#include <gmock/gmock.h>

#include "tests/integration/grpc_client_fixture.h"

namespace kaisar::checker {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::Lt;
using ::testing::SizeIs;

class GrpcMatmulTest : public GrpcClientTest {};

constexpr std::uint64_t kMs = 1'000'000;

TEST_F(GrpcMatmulTest, CompletesWithEightPingsACommitmentAndAnOpening) {
  const MatmulResult result = RunMatmul(Start("honest"));
  ASSERT_EQ(result.answer.end.transport, v1::COMPLETED) << result.answer.end.detail;
  ASSERT_TRUE(result.commitment);
  EXPECT_EQ(result.commitments, 1u);
  EXPECT_THAT(result.commitment->ping_rtt_ns(), AllOf(SizeIs(8), Each(Gt(0)), Each(Lt(200 * kMs))));
  EXPECT_GT(result.commitment->elapsed_ns(), 0u);
  const v1::MatmulCommitment& commitment = result.commitment->commitment();
  EXPECT_EQ(commitment.roots().size(), 64u);
  EXPECT_EQ(commitment.commitment(), ToString(Sha256(ViewOf(commitment.roots()))));
  v1::MatmulOpeningBody body;
  ASSERT_TRUE(body.ParseFromString(result.answer.evidence.opening().body()));
  EXPECT_EQ(body.samples_size(), 4);
  EXPECT_GT(result.answer.evidence.opening_elapsed_ns(), 0u);
}

TEST_F(GrpcMatmulTest, MeasuresFromChallengeToCommitmentWithoutConnecting) {
  const MatmulResult result = RunMatmul(Start("commitment-after=300"));
  ASSERT_EQ(result.answer.end.transport, v1::COMPLETED) << result.answer.end.detail;
  EXPECT_GE(result.commitment->elapsed_ns(), 300 * kMs);
  EXPECT_LT(result.commitment->elapsed_ns(), 500 * kMs);
  EXPECT_THAT(result.commitment->ping_rtt_ns(), Each(Lt(100 * kMs)));
}

TEST_F(GrpcMatmulTest, MeasuresPingsThatTheDeviceDelays) {
  const MatmulResult result = RunMatmul(Start("late-pings=30"));
  ASSERT_EQ(result.answer.end.transport, v1::COMPLETED) << result.answer.end.detail;
  EXPECT_THAT(result.commitment->ping_rtt_ns(), AllOf(SizeIs(8), Each(Ge(30 * kMs))));
}

TEST_F(GrpcMatmulTest, TakesALateCommitmentWithinTheGrace) {
  const MatmulResult result = RunMatmul(Start("commitment-after=950"));
  ASSERT_EQ(result.answer.end.transport, v1::COMPLETED) << result.answer.end.detail;
  EXPECT_GE(result.commitment->elapsed_ns(), 950 * kMs);
}

TEST_F(GrpcMatmulTest, EndsWhenNoCommitmentComesWithinTheGrace) {
  const MatmulResult result = RunMatmul(Start("silent"));
  EXPECT_EQ(result.answer.end.transport, v1::DEADLINE) << result.answer.end.detail;
  EXPECT_FALSE(result.commitment);
  EXPECT_LE(result.answer.end.elapsed_ms, 1700u);
}

TEST_F(GrpcMatmulTest, EndsWhenNoPingIsAnswered) {
  const MatmulResult result = RunMatmul(Start("drop-pings"));
  EXPECT_EQ(result.answer.end.transport, v1::DEADLINE) << result.answer.end.detail;
  EXPECT_LE(result.answer.end.elapsed_ms, 1800u);
}

TEST_F(GrpcMatmulTest, EndsAtTheOpeningDeadlineAfterACommitment) {
  const MatmulResult result = RunMatmul(Start("silent-after-commitment"));
  EXPECT_EQ(result.answer.end.transport, v1::DEADLINE) << result.answer.end.detail;
  EXPECT_TRUE(result.commitment);
  EXPECT_FALSE(result.answer.evidence.has_opening());
  EXPECT_LE(result.answer.end.elapsed_ms, 1500u);
}

TEST_F(GrpcMatmulTest, KeepsASecondCommitmentAsEvidence) {
  const MatmulResult result = RunMatmul(Start("two-commitments"));
  EXPECT_EQ(result.answer.end.transport, v1::VIOLATION) << result.answer.end.detail;
  EXPECT_EQ(result.commitments, 1u);
  ASSERT_TRUE(result.answer.evidence.has_second_commitment());
  EXPECT_NE(result.answer.evidence.second_commitment().commitment(),
            result.commitment->commitment().commitment());
}

TEST_F(GrpcMatmulTest, TellsARefusalBeforeFromOneAfterTheCommitment) {
  const MatmulResult before = RunMatmul(Start("refuse"));
  EXPECT_EQ(before.answer.end.transport, v1::DECLINED) << before.answer.end.detail;
  EXPECT_FALSE(before.commitment);
  const MatmulResult after = RunMatmul(Start("refuse-opening"));
  EXPECT_EQ(after.answer.end.transport, v1::DECLINED) << after.answer.end.detail;
  EXPECT_TRUE(after.commitment);
  EXPECT_EQ(after.answer.end.refusal.message(), "not these samples");
}

TEST_F(GrpcMatmulTest, CallsWhatTheProtocolDoesNotAllowAViolation) {
  for (const char* behaviour : {"wrong-echo", "endless", "huge-message=2000000"}) {
    const MatmulResult result = RunMatmul(Start(behaviour));
    EXPECT_EQ(result.answer.end.transport, v1::VIOLATION)
        << behaviour << ": " << result.answer.end.detail;
  }
}

TEST_F(GrpcMatmulTest, CallsAStreamThatEndsInTheMiddleBroken) {
  EXPECT_EQ(RunMatmul(Start("reset")).answer.end.transport, v1::BROKEN);
  const MatmulResult closed = RunMatmul(Start("close-half-way"));
  EXPECT_EQ(closed.answer.end.transport, v1::BROKEN) << closed.answer.end.detail;
  EXPECT_TRUE(closed.commitment);
}

TEST_F(GrpcMatmulTest, EndsSoonAfterCancel) {
  const v1::Device device = Start("silent");
  std::promise<MatmulAnswer> done;
  const auto call = client_->StartMatmul(
      device, MatmulSpec(device.id()), [](v1::CommitmentReceived) { FAIL(); },
      [&](MatmulAnswer answer) { done.set_value(std::move(answer)); });
  call->SendSamples({{0, 0, 0}});  // nothing has been committed to: no effect
  call->Cancel();
  call->Cancel();
  EXPECT_EQ(done.get_future().get().end.transport, v1::ABANDONED);
  call->SendSamples({{0, 0, 0}});
  call->Cancel();
}

TEST_F(GrpcMatmulTest, SendsSamplesFromAnotherThread) {
  const v1::Device device = Start("honest");
  std::promise<void> committed;
  std::promise<MatmulAnswer> done;
  const auto call = client_->StartMatmul(
      device, MatmulSpec(device.id()), [&](v1::CommitmentReceived) { committed.set_value(); },
      [&](MatmulAnswer answer) { done.set_value(std::move(answer)); });
  committed.get_future().wait();
  call->SendSamples({{0, 0, 0}});
  call->SendSamples({{0, 0, 0}});  // once is enough
  const MatmulAnswer answer = done.get_future().get();
  EXPECT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
}

TEST_F(GrpcMatmulTest, RunsBesideLatencyOnTheSameConnection) {
  const v1::Device device = Start("commitment-after=300");
  std::future<LatencyAnswer> latency;
  const auto matmul = std::async(std::launch::async, [&] { return RunMatmul(device); });
  const LatencyAnswer answer = RunLatency(device);
  EXPECT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
  EXPECT_LE(answer.end.elapsed_ms, 290u);
}

}  // namespace
}  // namespace kaisar::checker
