// Devices that lie about bandwidth, or do not measure it at all, and what that costs others.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "challenges/bandwidth/throughput.h"
#include "tests/integration/bandwidth_arena.h"
#include "tests/support/own_traces.h"

namespace kaisar::testing {
namespace {

std::string Tell(const BandwidthOutcome& outcome) {
  const v1::ChallengeClosed& closed = outcome.closed;
  return v1::Verdict_Name(closed.verdict()) + " " + v1::Reason_Name(closed.reason()) + ": " +
         outcome.explanation + " (" + v1::Transport_Name(closed.transport()) + ": " +
         closed.detail() + ", " + std::to_string(closed.elapsed_ms()) + " ms)";
}

/// All of them meet one checker at once, each on a provider of its own; the tests look at what
/// became of each.
class AdversaryBandwidth : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    arena_ = new BandwidthArena;
    std::vector<std::uint32_t> devices;
    for (const char* behaviour : {"honest",
                                  "silent",
                                  "opens-late=7000",
                                  "close-half-way",
                                  "reports-tenfold",
                                  "reports-less",
                                  "connects-elsewhere",
                                  "leaves-port-open",
                                  "mute-port",
                                  "no-listener",
                                  "malformed-result",
                                  "huge-result",
                                  "wrong-direction",
                                  "second-opened",
                                  "silent-after-commitment",
                                  "unsigned-transcript",
                                  "wrong-transcript",
                                  "foreign-key-signature",
                                  "other-device-answer",
                                  "endless",
                                  "huge-message=64000000",
                                  "reset",
                                  "refuse",
                                  "claims-busy-without-evidence",
                                  "shows-forged-evidence"}) {
      devices.push_back(ids_[behaviour] = arena_->Add(std::string(behaviour) + "@bandwidth"));
    }
    arena_->UseEvidence(/*expired=*/true);
    devices.push_back(ids_["shows-stale-evidence"] = arena_->Add("shows-stale-evidence@bandwidth"));
    ports_before_ = ListeningPorts();
    outcomes_ = arena_->Run(devices);
    children_left_ = !AwaitNoChildren();
    ports_after_ = ListeningPorts();
  }

  static void TearDownTestSuite() {
    delete arena_;
    arena_ = nullptr;
  }

  static const BandwidthOutcome& Of(const char* behaviour) {
    return outcomes_.at(ids_.at(behaviour));
  }

  static void ExpectFailure(const char* behaviour, v1::Reason reason) {
    const BandwidthOutcome& outcome = Of(behaviour);
    EXPECT_EQ(outcome.closed.verdict(), v1::FAIL) << Tell(outcome);
    EXPECT_EQ(outcome.closed.reason(), reason) << Tell(outcome);
  }

  static challenges::BandwidthRates ExpectPass(const char* behaviour) {
    const BandwidthOutcome& outcome = Of(behaviour);
    EXPECT_EQ(outcome.closed.verdict(), v1::PASS) << Tell(outcome);
    const auto rates = challenges::RatesOf(outcome.closed.bandwidth());
    EXPECT_TRUE(rates.ok()) << rates.status();
    return rates.value_or(challenges::BandwidthRates());
  }

  static challenges::TestCounts CheckerCounts(const char* behaviour, int test) {
    const auto& evidence = Of(behaviour).closed.bandwidth();
    EXPECT_EQ(evidence.tests_size(), 2);
    return challenges::ParseTestCounts(evidence.tests(test).checker_result()).value();
  }
  static challenges::TestCounts DeviceCounts(const char* behaviour, int test) {
    const auto& evidence = Of(behaviour).closed.bandwidth();
    return challenges::ParseTestCounts(evidence.tests(test).measured().result()).value();
  }

  static inline BandwidthArena* arena_ = nullptr;
  static inline std::map<std::string, std::uint32_t> ids_;
  static inline std::map<std::uint32_t, BandwidthOutcome> outcomes_;
  static inline bool children_left_ = true;
  static inline std::set<std::uint16_t> ports_before_;
  static inline std::set<std::uint16_t> ports_after_;
};

TEST_F(AdversaryBandwidth, AnHonestDevicePassesByWhatBothEndsCounted) {
  const challenges::BandwidthRates rates = ExpectPass("honest");
  EXPECT_GT(rates.down_bits_per_second, 0U);
  EXPECT_GT(rates.up_bits_per_second, 0U);
}

TEST_F(AdversaryBandwidth, ADeviceThatNeverOpensTimesOut) {
  ExpectFailure("silent", v1::TIMED_OUT);
}

TEST_F(AdversaryBandwidth, ADeviceThatOpensAfterTheDeadlineTimesOut) {
  ExpectFailure("opens-late=7000", v1::TIMED_OUT);
  EXPECT_LT(Of("opens-late=7000").closed.elapsed_ms(), 7000U);
}

TEST_F(AdversaryBandwidth, AServerThatClosesHalfWayIsUnreachable) {
  ExpectFailure("close-half-way", v1::UNREACHABLE);
}

TEST_F(AdversaryBandwidth, ReportingTenfoldRaisesNoRate) {
  const challenges::BandwidthRates rates = ExpectPass("reports-tenfold");
  const challenges::TestCounts down = CheckerCounts("reports-tenfold", 0);
  EXPECT_GT(DeviceCounts("reports-tenfold", 0).received_bytes, down.sent_bytes);
  EXPECT_EQ(rates.down_bits_per_second, down.sent_bytes * 8'000'000 / down.sent_us);
  const challenges::TestCounts up = CheckerCounts("reports-tenfold", 1);
  EXPECT_EQ(rates.up_bits_per_second, up.received_bytes * 8'000'000 / up.received_us);
}

TEST_F(AdversaryBandwidth, ReportingLessLowersTheDevicesOwnRate) {
  const challenges::BandwidthRates rates = ExpectPass("reports-less");
  const challenges::TestCounts down = CheckerCounts("reports-less", 0);
  const challenges::TestCounts said = DeviceCounts("reports-less", 0);
  EXPECT_LT(said.received_bytes, down.sent_bytes * 3 / 4);
  EXPECT_EQ(rates.down_bits_per_second,
            said.received_bytes * 8'000'000 / std::max(down.sent_us, said.received_us));
  EXPECT_EQ(rates.up_bits_per_second, challenges::UpRate(CheckerCounts("reports-less", 1)));
}

// What passes through its port has passed through its line: a relay gains nothing by it.
TEST_F(AdversaryBandwidth, APortThatIsConnectedElsewhereCountsWhatPassesThroughIt) {
  const challenges::BandwidthRates rates = ExpectPass("connects-elsewhere");
  const challenges::TestCounts down = CheckerCounts("connects-elsewhere", 0);
  EXPECT_LE(rates.down_bits_per_second, down.sent_bytes * 8'000'000 / down.sent_us);
  EXPECT_EQ(rates.up_bits_per_second, challenges::UpRate(CheckerCounts("connects-elsewhere", 1)));
}

TEST_F(AdversaryBandwidth, APortLeftOpenHarmsNobodyElse) {
  ExpectPass("leaves-port-open");
}

TEST_F(AdversaryBandwidth, AMutePortTimesOut) {
  ExpectFailure("mute-port", v1::TIMED_OUT);
}

TEST_F(AdversaryBandwidth, APortWithoutAListenerIsUnreachable) {
  ExpectFailure("no-listener", v1::UNREACHABLE);
  EXPECT_EQ(Of("no-listener").closed.transport(), v1::NO_CONNECTION);
}

TEST_F(AdversaryBandwidth, AResultThatIsNoJsonIsMalformed) {
  ExpectFailure("malformed-result", v1::MALFORMED);
}

TEST_F(AdversaryBandwidth, AHugeResultIsMalformed) {
  ExpectFailure("huge-result", v1::MALFORMED);
}

TEST_F(AdversaryBandwidth, TheWrongDirectionIsMalformed) {
  ExpectFailure("wrong-direction", v1::MALFORMED);
}

TEST_F(AdversaryBandwidth, OpeningATestTwiceIsMalformed) {
  ExpectFailure("second-opened", v1::MALFORMED);
}

TEST_F(AdversaryBandwidth, KeepingWhatItCountedToItselfTimesOut) {
  ExpectFailure("silent-after-commitment", v1::TIMED_OUT);
}

TEST_F(AdversaryBandwidth, AnUnsignedTranscriptIsRejected) {
  ExpectFailure("unsigned-transcript", v1::SIGNATURE_INVALID);
}

TEST_F(AdversaryBandwidth, ATranscriptOfOtherResultsIsRejected) {
  ExpectFailure("wrong-transcript", v1::SIGNATURE_INVALID);
}

TEST_F(AdversaryBandwidth, AnotherDevicesSignatureIsRejected) {
  ExpectFailure("foreign-key-signature", v1::SIGNATURE_INVALID);
}

TEST_F(AdversaryBandwidth, AnAnswerToAnotherChallengeIsRejected) {
  ExpectFailure("other-device-answer", v1::SIGNATURE_INVALID);
}

TEST_F(AdversaryBandwidth, MessagesWithoutEndAreMalformed) {
  ExpectFailure("endless", v1::MALFORMED);
}

TEST_F(AdversaryBandwidth, AHugeMessageIsMalformed) {
  ExpectFailure("huge-message=64000000", v1::MALFORMED);
}

TEST_F(AdversaryBandwidth, AResetStreamIsAFailure) {
  ExpectFailure("reset", v1::UNREACHABLE);
}

TEST_F(AdversaryBandwidth, ARefusalIsAFailure) {
  ExpectFailure("refuse", v1::REFUSED);
  ExpectFailure("claims-busy-without-evidence", v1::REFUSED);
}

TEST_F(AdversaryBandwidth, EvidenceThatIsForgedOrStaleIsARefusal) {
  ExpectFailure("shows-forged-evidence", v1::REFUSED);
  ExpectFailure("shows-stale-evidence", v1::REFUSED);
}

TEST_F(AdversaryBandwidth, NoProcessAndNoPortIsLeftBehind) {
  EXPECT_FALSE(children_left_);
  // One device lied about both of its tests: its listeners are the device's, not ours.
  EXPECT_LE(ports_after_.size(), ports_before_.size() + 2);
}

TEST_F(AdversaryBandwidth, LatencyOfAllIsMeasuredMeanwhile) {
  EXPECT_EQ(arena_->latency().size(), ids_.size());
  for (const auto& [device, outcome] : arena_->latency()) {
    EXPECT_EQ(outcome.closed.verdict(), v1::PASS) << device << " " << Tell(outcome);
  }
}

}  // namespace
}  // namespace kaisar::testing
