#include "challenges/bandwidth/iperf_asked.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace kaisar::challenges {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kRate = 100'000'000;

class IperfAskedTest : public ::testing::Test {
 protected:
  IperfAskedTest() {
    task_.direction = v1::DOWN;
    task_.seconds = 5;
    task_.streams = 4;
    task_.bits_per_second = kRate;
    asked_.seconds = 5;
    asked_.omitted_seconds = 1;
    asked_.streams = 4;
    asked_.stream_bits_per_second = kRate / 4;
    asked_.block_bytes = 32'768;
  }

  void ExpectAllowed() {
    const absl::Status status = ValidateAsked(asked_, task_);
    EXPECT_TRUE(status.ok()) << status;
  }
  void ExpectDenied(const std::string& words) {
    const absl::Status status = ValidateAsked(asked_, task_);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }

  IperfTask task_;
  AskedTest asked_;
};

TEST_F(IperfAskedTest, AllowsWhatTheTaskSaysAndLess) {
  ExpectAllowed();
  asked_.seconds = asked_.streams = 1;
  asked_.omitted_seconds = 0;
  asked_.stream_bits_per_second = kRate;  // over all streams the same
  ExpectAllowed();
  asked_.stream_bits_per_second = 1;
  ExpectAllowed();
}

TEST_F(IperfAskedTest, AllowsATwentiethMoreOfTheRateAndNoBitBeyond) {
  asked_.stream_bits_per_second = (kRate + kRate / 20) / 4;
  ExpectAllowed();
  ++asked_.stream_bits_per_second;
  ExpectDenied("asked for bits per second of each stream 26250001, allowed is 1 to 26250000");
}

TEST_F(IperfAskedTest, DeniesAnEndlessRateUnlessTheTaskHasNone) {
  asked_.stream_bits_per_second = 0;
  ExpectDenied("each stream 0, allowed is 1 to 26250000");
  task_.bits_per_second = 0;
  ExpectAllowed();
  asked_.stream_bits_per_second = kRate;
  ExpectAllowed();
}

TEST_F(IperfAskedTest, DeniesARateThatWouldOverflow) {
  asked_.stream_bits_per_second = std::numeric_limits<std::uint64_t>::max() / 4 + 1;
  ExpectDenied("bits per second");
}

TEST_F(IperfAskedTest, DeniesMoreSecondsAndNone) {
  asked_.seconds = 6;
  ExpectDenied("seconds 6, allowed is 1 to 5");
  asked_.seconds = 0;
  ExpectDenied("seconds 0, allowed is 1 to 5");
  asked_.seconds = -1;
  ExpectDenied("seconds -1");
}

TEST_F(IperfAskedTest, DeniesMoreOmittedSeconds) {
  asked_.omitted_seconds = 2;
  ExpectDenied("omitted seconds 2, allowed is 0 to 1");
}

TEST_F(IperfAskedTest, DeniesMoreStreamsAndNone) {
  asked_.streams = 5;
  ExpectDenied("streams 5, allowed is 1 to 4");
  asked_.streams = 0;
  ExpectDenied("streams 0");
}

TEST_F(IperfAskedTest, DeniesTheOtherDirectionUnlessTheTaskLeavesItOut) {
  asked_.reverse = true;
  ExpectDenied("asked for a test up, allowed is down");
  task_.direction = v1::DIRECTION_UNSPECIFIED;
  ExpectAllowed();
  task_.direction = v1::UP;
  ExpectAllowed();
  asked_.reverse = false;
  ExpectDenied("asked for a test down, allowed is up");
}

TEST_F(IperfAskedTest, DeniesAnotherProtocol) {
  asked_.tcp = false;
  ExpectDenied("another protocol, allowed is TCP");
}

TEST_F(IperfAskedTest, DeniesBlocksThatRunAheadOrKeepTheProcessorBusy) {
  asked_.block_bytes = 131'073;
  ExpectDenied("block bytes 131073, allowed is 4096 to 131072");
  asked_.block_bytes = 1;
  ExpectDenied("block bytes 1,");
}

TEST_F(IperfAskedTest, DeniesWhatNoChallengeAsks) {
  const AskedTest right = asked_;
  asked_.bytes = 1;
  ExpectDenied("bytes 1, allowed is 0");
  asked_ = right;
  asked_.blocks = 1;
  ExpectDenied("blocks 1, allowed is 0");
  asked_ = right;
  asked_.burst = 1'000'000;  // libiperf looks at no rate meanwhile
  ExpectDenied("burst 1000000, allowed is 0");
  asked_ = right;
  asked_.window_bytes = 1 << 30;
  ExpectDenied("window bytes 1073741824, allowed is 0");
  asked_ = right;
  asked_.segment_bytes = 88;
  ExpectDenied("segment bytes 88, allowed is 0");
}

}  // namespace
}  // namespace kaisar::challenges
