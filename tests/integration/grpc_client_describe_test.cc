// What machines say of their devices, over the wire.
#include <gmock/gmock.h>

#include <future>

#include "kaisar/v1/provider.pb.h"
#include "tests/integration/grpc_client_fixture.h"

namespace kaisar::checker {
namespace {

using ::testing::HasSubstr;

class DescribeTest : public GrpcClientTest {
 protected:
  std::future<DescribeAnswer> StartDescribe(const v1::Device& device, std::uint32_t deadline_ms) {
    auto promise = std::make_shared<std::promise<DescribeAnswer>>();
    client_->Describe(device, deadline_ms,
                      [promise](DescribeAnswer answer) { promise->set_value(std::move(answer)); });
    return promise->get_future();
  }
  DescribeAnswer Describe(const v1::Device& device) {
    return StartDescribe(device, kDeadlineMs).get();
  }
};

TEST_F(DescribeTest, GivesTheResponseAsItCame) {
  const v1::Device device = Start("honest");
  for (int i = 0; i < 3; ++i) {
    const DescribeAnswer answer = Describe(device);
    ASSERT_EQ(answer.end.transport, v1::COMPLETED) << answer.end.detail;
    v1::DescribeResponse response;
    ASSERT_TRUE(response.ParseFromString(answer.response));
    EXPECT_EQ(response.software(), "scripted-provider");
    ASSERT_EQ(response.devices_size(), 1);
    EXPECT_EQ(response.devices(0).id(), device.id());
  }
}

TEST_F(DescribeTest, GivesGarbageAsItCame) {
  const DescribeAnswer answer = Describe(Start("describes-garbage"));
  EXPECT_EQ(answer.end.transport, v1::COMPLETED);
  EXPECT_EQ(answer.response, std::string(1000, '\xff'));
}

TEST_F(DescribeTest, EndsAnAnswerThatIsTooLarge) {
  for (const char* behaviour :
       {"describes-huge=300000", "describes-huge=5000000", "describes-huge=50000000"}) {
    SCOPED_TRACE(behaviour);
    const DescribeAnswer answer = Describe(Start(behaviour));
    EXPECT_EQ(answer.end.transport, v1::VIOLATION) << answer.end.detail;
    EXPECT_EQ(answer.response, "");
  }
}

TEST_F(DescribeTest, EndsAtItsDeadline) {
  const DescribeAnswer answer = StartDescribe(Start("describes-never"), 300).get();
  EXPECT_EQ(answer.end.transport, v1::DEADLINE);
  EXPECT_THAT(answer.end.detail, HasSubstr("no answer after"));
}

TEST_F(DescribeTest, EndsWithoutAConnection) {
  EXPECT_EQ(Describe(Start("other-tls-key")).end.transport, v1::NO_CONNECTION);
  v1::Device gone = Start("honest");
  providers_.back().reset();
  EXPECT_EQ(Describe(gone).end.transport, v1::NO_CONNECTION);
}

TEST_F(DescribeTest, EndsWithTheClient) {
  std::future<DescribeAnswer> answer = StartDescribe(Start("describes-never"), 60'000);
  client_.reset();
  EXPECT_EQ(answer.get().end.transport, v1::ABANDONED);
}

// What hostile ones answer, or do not, another device does not feel.
TEST_F(DescribeTest, DisturbsNoOtherDevice) {
  const v1::Device honest = Start("honest");
  ASSERT_EQ(RunLatency(honest).end.transport, v1::COMPLETED);
  std::vector<std::future<DescribeAnswer>> answers;
  for (const char* behaviour : {"describes-huge=50000000", "describes-never", "describes-garbage",
                                "describes-huge=5000000", "describes-others"}) {
    answers.push_back(StartDescribe(Start(behaviour), kDeadlineMs));
  }
  for (int i = 0; i < 5; ++i) {
    const LatencyAnswer latency = RunLatency(honest);
    EXPECT_EQ(latency.end.transport, v1::COMPLETED) << latency.end.detail;
    EXPECT_EQ(latency.evidence.echoes_size(), 16);
  }
  EXPECT_EQ(RunMatmul(honest).answer.end.transport, v1::COMPLETED);
  for (auto& answer : answers) answer.get();
}

}  // namespace
}  // namespace kaisar::checker
