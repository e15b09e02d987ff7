#include "challenges/latency/pings.h"

#include <gtest/gtest.h>

#include "base/sha256.h"
#include "challenges/plan.h"
#include "tests/unit/challenges/sample_network.h"

namespace kaisar::challenges {
namespace {

v1::LatencyEvidence Echoes(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& echoes) {
  v1::LatencyEvidence evidence;
  for (const auto& [ping, rtt_us] : echoes) {
    v1::LatencyEvidence::Echo& echo = *evidence.add_echoes();
    echo.set_ping(ping);
    echo.set_rtt_us(rtt_us);
  }
  return evidence;
}

/// RTTs of 1, 2, … count µs, in falling order.
v1::LatencyEvidence FallingRtts(std::uint32_t count) {
  v1::LatencyEvidence evidence;
  for (std::uint32_t i = 0; i < count; ++i) {
    v1::LatencyEvidence::Echo& echo = *evidence.add_echoes();
    echo.set_ping(i);
    echo.set_rtt_us(count - i);
  }
  return evidence;
}

std::vector<PingNonce> SampleNonces() {
  return PingNonces(SampleKey(), ChallengeId(SampleScope(), {0, 5, 2, v1::LATENCY}), 16);
}

TEST(Pings, AreTheNoncesOfTheSecondImplementation) {
  std::vector<std::string> hex;
  for (const PingNonce& nonce : SampleNonces()) hex.push_back(ToHex(nonce));
  EXPECT_EQ(nlohmann::json(hex), ReadVectors("challenges.json")["ping_nonces"]);
}

TEST(Pings, HashTheEchoedNoncesInTheOrderReceived) {
  const std::vector<PingNonce> nonces = SampleNonces();
  const auto hash = NoncesHash(nonces, Echoes({{2, 10}, {0, 10}}));
  ASSERT_TRUE(hash.ok());
  EXPECT_EQ(*hash, Sha256(nonces[2], nonces[0]));
  EXPECT_NE(*hash, *NoncesHash(nonces, Echoes({{0, 10}, {2, 10}})));
}

TEST(Pings, HashNothingWhenNothingCameBack) {
  EXPECT_EQ(*NoncesHash(SampleNonces(), Echoes({})), Sha256(ByteView()));
}

TEST(Pings, RefuseAnEchoOfAPingThatWasNotSent) {
  const auto hash = NoncesHash(SampleNonces(), Echoes({{16, 10}}));
  EXPECT_EQ(hash.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(hash.status().message(), "echo of ping 16, only 16 were to be sent");
}

TEST(Pings, RefuseAnEchoThatComesTwice) {
  const auto hash = NoncesHash(SampleNonces(), Echoes({{3, 10}, {3, 12}}));
  EXPECT_EQ(hash.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(hash.status().message(), "ping 3 echoed twice");
}

TEST(RttSummary, TakesTheLowerMedianOfAnEvenNumber) {
  EXPECT_EQ(Summarize(Echoes({{0, 40}, {1, 10}, {2, 30}, {3, 20}}), 4).median_us, 20u);
  EXPECT_EQ(Summarize(Echoes({{0, 40}, {1, 10}, {2, 30}}), 4).median_us, 30u);
}

TEST(RttSummary, GivesTheSmallestValueThat95PercentDoNotExceed) {
  EXPECT_EQ(Summarize(FallingRtts(1), 1).p95_us, 1u);
  EXPECT_EQ(Summarize(FallingRtts(16), 16).p95_us, 16u);  // 15 of 16 are only 93.75 %
  EXPECT_EQ(Summarize(FallingRtts(20), 20).p95_us, 19u);
  EXPECT_EQ(Summarize(FallingRtts(100), 100).p95_us, 95u);
  EXPECT_EQ(Summarize(FallingRtts(101), 101).p95_us, 96u);
}

TEST(RttSummary, CountsWhatWasLost) {
  const RttSummary summary = Summarize(Echoes({{1, 7}, {2, 9}}), 16);
  EXPECT_EQ(summary.smallest_us, 7u);
  EXPECT_EQ(summary.lost, 14u);
}

TEST(RttSummary, IsZeroWhenNothingCameBack) {
  const RttSummary summary = Summarize(Echoes({}), 16);
  EXPECT_EQ(summary.smallest_us, 0u);
  EXPECT_EQ(summary.median_us, 0u);
  EXPECT_EQ(summary.p95_us, 0u);
  EXPECT_EQ(summary.lost, 16u);
}

TEST(RttSummary, NeverLosesFewerThanNone) {
  EXPECT_EQ(Summarize(FallingRtts(5), 4).lost, 0u);
}

}  // namespace
}  // namespace kaisar::challenges
