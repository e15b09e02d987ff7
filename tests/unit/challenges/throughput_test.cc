#include "challenges/bandwidth/throughput.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "challenges/bandwidth/terms.h"
#include "nlohmann/json.hpp"
#include "tests/unit/challenges/bandwidth_lines.h"
#include "tests/unit/challenges/sample_network.h"

namespace kaisar::challenges {
namespace {

using ::testing::HasSubstr;

/// A line with these texts as the sent bytes and seconds.
std::string SentLine(const std::string& bytes, const std::string& seconds) {
  return absl::StrCat(R"({"iperf":{"end":{"sum_sent":{"bytes":)", bytes, R"(,"seconds":)", seconds,
                      R"(},"sum_received":{"bytes":1,"seconds":1}}}})");
}

TestCounts CountsOf(const std::string& line) {
  const absl::StatusOr<TestCounts> counts = ParseTestCounts(line);
  EXPECT_TRUE(counts.ok()) << counts.status() << " in " << line;
  return counts.value_or(TestCounts{});
}

std::string ErrorOf(const std::string& line) {
  const absl::StatusOr<TestCounts> counts = ParseTestCounts(line);
  EXPECT_EQ(counts.status().code(), absl::StatusCode::kInvalidArgument) << line;
  return std::string(counts.status().message());
}

TEST(TestCounts, AreThoseThatIperfPrints) {
  const TestCounts down = CountsOf(ReadLine("checker_down"));
  EXPECT_EQ(down.sent_bytes, 25'034'752u);
  EXPECT_EQ(down.received_bytes, 25'034'752u);  // what the other end has told iperf
  EXPECT_EQ(down.sent_us, 1'000'006u);
  EXPECT_EQ(down.received_us, 1'000'061u);
  EXPECT_EQ(down.link_out_bytes, 27'000'000u);
  EXPECT_EQ(down.link_in_bytes, 300'000u);
  EXPECT_EQ(down.link_us, 2'104'338u);
  const TestCounts device = CountsOf(ReadLine("device_down"));
  EXPECT_EQ(device.sent_bytes, 0u);
  EXPECT_EQ(device.received_bytes, 25'034'752u);
  EXPECT_EQ(device.link_us, 0u);
  const TestCounts up = CountsOf(ReadLine("checker_up"));
  EXPECT_EQ(up.received_bytes, 25'034'752u);
  EXPECT_EQ(up.received_us, 1'000'011u);
  EXPECT_EQ(CountsOf(ReadLine("device_up")).sent_bytes, 25'034'752u);
}

// The second reader of logs (tests/interop) reads the same file.
TEST(TestCounts, AreThoseOfTheSharedLines) {
  const nlohmann::json vectors = ReadVectors("bandwidth/lines.json");
  for (const auto& [name, vector] : vectors["read"].items()) {
    const TestCounts counts = CountsOf(vector["line"].get<std::string>());
    const nlohmann::json found = {counts.sent_bytes, counts.sent_us, counts.received_bytes,
                                  counts.received_us};
    EXPECT_EQ(found, vector["sent_and_received"]) << name;
  }
  for (const auto& [name, line] : vectors["refused"].items()) {
    EXPECT_NE(ErrorOf(line.get<std::string>()), "") << name;
  }
}

TEST(TestCounts, AreReadExactlyInEveryFormOfANumber) {
  EXPECT_EQ(CountsOf(SentLine("9007199254740992", "1")).sent_bytes, std::uint64_t{1} << 53);
  EXPECT_EQ(CountsOf(SentLine("9007199254740991", "1")).sent_bytes, (std::uint64_t{1} << 53) - 1);
  EXPECT_EQ(CountsOf(SentLine("1.5e3", "1")).sent_bytes, 1500u);
  EXPECT_EQ(CountsOf(SentLine("1500.000", "1")).sent_bytes, 1500u);
  EXPECT_EQ(CountsOf(SentLine("15000E-1", "1")).sent_bytes, 1500u);
  EXPECT_EQ(CountsOf(SentLine("-0", "1")).sent_bytes, 0u);
  EXPECT_EQ(CountsOf(SentLine("-0.0e+7", "1")).sent_bytes, 0u);
  EXPECT_EQ(CountsOf(SentLine("1", "3600")).sent_us, 3'600'000'000u);
  EXPECT_EQ(CountsOf(SentLine("1", "1e-05")).sent_us, 10u);
  EXPECT_EQ(CountsOf(SentLine("1", "1e-99999999999999999999")).sent_us, 0u);
  EXPECT_EQ(CountsOf(SentLine("0e999999999999999999", "1")).sent_bytes, 0u);
}

TEST(TestCounts, RoundTimesDownToTheMicrosecond) {
  EXPECT_EQ(CountsOf(SentLine("1", "1.0000109672546387")).sent_us, 1'000'010u);
  EXPECT_EQ(CountsOf(SentLine("1", "0.00000099")).sent_us, 0u);
  EXPECT_EQ(CountsOf(SentLine("1", "4.9999999999999999999999")).sent_us, 4'999'999u);
}

TEST(TestCounts, RefuseANumberThatIsNoCount) {
  const std::string bytes = "iperf.end.sum_sent.bytes is ";
  EXPECT_EQ(ErrorOf(SentLine("-1", "1")), bytes + "-1, expected no negative number");
  EXPECT_EQ(ErrorOf(SentLine("-1.0", "1")), bytes + "-1.0, expected no negative number");
  EXPECT_EQ(ErrorOf(SentLine("1.5", "1")), bytes + "1.5, expected a whole number");
  EXPECT_EQ(ErrorOf(SentLine("1e-400", "1")), bytes + "1e-400, expected a whole number");
  EXPECT_EQ(ErrorOf(SentLine("9007199254740993", "1")),
            bytes + "9007199254740993, expected at most 9007199254740992");
  EXPECT_EQ(ErrorOf(SentLine("1e300", "1")), bytes + "1e300, expected at most 9007199254740992");
  EXPECT_EQ(ErrorOf(SentLine("18446744073709551617", "1")),
            bytes + "18446744073709551617, expected at most 9007199254740992");
  EXPECT_EQ(ErrorOf(SentLine("1", "3600.000001")),
            "iperf.end.sum_sent.seconds is 3600.000001, expected at most 3600000000 millionths");
}

TEST(TestCounts, RefuseACountThatIsMissingOrNoNumber) {
  for (const char* value : {"null", "\"1\"", "true", "[1]", "{\"bytes\":1}"}) {
    EXPECT_EQ(ErrorOf(SentLine(value, "1")),
              "iperf.end.sum_sent.bytes is missing, expected a number");
  }
  EXPECT_EQ(ErrorOf("{}"), "iperf.end.sum_sent.bytes is missing, expected a number");
  EXPECT_EQ(ErrorOf(R"({"iperf":[{"end":{"sum_sent":{"bytes":1}}}]})"),
            "iperf.end.sum_sent.bytes is missing, expected a number");
  EXPECT_EQ(ErrorOf(R"({"iperf.end.sum_sent.bytes":1})"),
            "iperf.end.sum_sent.bytes is missing, expected a number");
}

TEST(TestCounts, RefuseACountThatIsThereTwice) {
  EXPECT_EQ(ErrorOf(SentLine("1,\"bytes\":2", "1")),
            "iperf.end.sum_sent.bytes is there twice, expected once");
}

TEST(TestCounts, RefuseHalfALink) {
  std::string line = ReadLine("checker_down");
  EXPECT_EQ(absl::StrReplaceAll({{"\"in_bytes\":300000,", ""}}, &line), 1);
  EXPECT_EQ(ErrorOf(line), "link.in_bytes is missing, expected a number");
}

TEST(TestCounts, RefuseWhatIsNoJson) {
  EXPECT_EQ(ErrorOf(""), "result is no JSON from byte 1");
  EXPECT_THAT(ErrorOf("iperf3: error"), HasSubstr("result is no JSON from byte"));
  EXPECT_THAT(ErrorOf(SentLine("1", "1") + "}"), HasSubstr("result is no JSON from byte"));
  EXPECT_THAT(ErrorOf(SentLine("NaN", "1")), HasSubstr("result is no JSON from byte"));
  EXPECT_THAT(ErrorOf(SentLine("1e999", "1")), HasSubstr("result is no JSON from byte"));
  EXPECT_THAT(ErrorOf("{\"\xff\":1}"), HasSubstr("result is no JSON from byte"));
  EXPECT_EQ(ErrorOf("7"), "iperf.end.sum_sent.bytes is missing, expected a number");
}

TEST(TestCounts, RefuseEveryCutOfAnHonestLine) {
  const std::string line = ReadLine("device_down");
  for (std::size_t size = 0; size < line.size(); ++size) {
    EXPECT_FALSE(ParseTestCounts(line.substr(0, size)).ok()) << size;
  }
}

TEST(TestCounts, RefuseALineThatIsTooDeepOrTooLong) {
  EXPECT_EQ(ErrorOf(std::string(20'000, '[')), "result is more than 16 levels deep");
  EXPECT_EQ(ErrorOf(std::string(kMostBandwidthResultBytes + 1, ' ')),
            "result is 32769 bytes, limit 32768");
}

TEST(DownRate, IsWhatBothEndsCounted) {
  TestCounts checker, device;
  checker.sent_bytes = 5'000'000;
  checker.sent_us = 4'000'000;
  device.received_bytes = 5'000'000;
  EXPECT_EQ(DownRate(checker, device), 10'000'000u);
}

TEST(DownRate, StaysAtTheCheckersCountWhenTheDeviceReportsTenTimesAsMuch) {
  TestCounts checker, device;
  checker.sent_bytes = 5'000'000;
  checker.sent_us = 4'000'000;
  device.received_bytes = 50'000'000;
  device.received_us = 1;
  EXPECT_EQ(DownRate(checker, device), 10'000'000u);
}

TEST(DownRate, FollowsADeviceThatReceivedLess) {
  TestCounts checker, device;
  checker.sent_bytes = 5'000'000;
  checker.sent_us = 4'000'000;
  device.received_bytes = 2'500'000;
  EXPECT_EQ(DownRate(checker, device), 5'000'000u);
}

TEST(DownRate, CountsTheTimeInWhichTheQueueOfTheLineEmptied) {
  // A line of 8 Mbit/s with a second of queue, which was empty at the start and full at the end.
  TestCounts checker, device;
  checker.sent_bytes = 6'000'000;
  checker.sent_us = 5'000'000;
  device.received_bytes = 6'000'000;
  device.received_us = 6'000'000;
  EXPECT_EQ(DownRate(checker, device), 8'000'000u);
}

TEST(DownRate, IsNotRaisedByADeviceThatReportsLessTime) {
  TestCounts checker, device;
  checker.sent_bytes = 5'000'000;
  checker.sent_us = 4'000'000;
  device.received_bytes = 2'500'000;
  for (const std::uint64_t us : {0u, 1u, 2'000'000u, 4'000'000u}) {
    device.received_us = us;
    EXPECT_EQ(DownRate(checker, device), 5'000'000u);
  }
}

TEST(UpRate, IsTheCheckersOwnCountAndTime) {
  TestCounts checker;
  checker.sent_bytes = 50'000'000;  // what the device has told iperf
  checker.sent_us = 1;
  checker.received_bytes = 5'000'000;
  checker.received_us = 3'000'000;
  EXPECT_EQ(UpRate(checker), 13'333'333u);
}

TEST(Rates, AreZeroWithoutTimeAndEndAtTheLargestNumber) {
  TestCounts counts;
  counts.received_bytes = std::uint64_t{1} << 53;
  EXPECT_EQ(UpRate(counts), 0u);
  counts.received_us = 1;
  EXPECT_EQ(UpRate(counts), std::numeric_limits<std::uint64_t>::max());
}

TEST(RatesOf, ReadsTheRawResultsOfARecord) {
  const absl::StatusOr<BandwidthRates> rates = RatesOf(HonestEvidence());
  ASSERT_TRUE(rates.ok()) << rates.status();
  // What iperf itself prints, rounded down: 200265799.786213 and 200275812.9660574.
  EXPECT_EQ(rates->down_bits_per_second, 200'265'799u);
  EXPECT_EQ(rates->up_bits_per_second, 200'275'812u);
}

TEST(RatesOf, RefusesOtherTestsThanOneDownAndOneUp) {
  const std::string expected = "tests are not one DOWN and one UP";
  v1::BandwidthEvidence evidence;
  EXPECT_EQ(RatesOf(evidence).status().message(), expected);
  evidence = HonestEvidence();
  *evidence.add_tests() = evidence.tests(0);
  EXPECT_EQ(RatesOf(evidence).status().message(), expected);
  evidence = HonestEvidence();
  evidence.mutable_tests()->SwapElements(0, 1);
  EXPECT_EQ(RatesOf(evidence).status().message(), expected);
}

TEST(RatesOf, RefusesAResultThatCannotBeRead) {
  for (const int test : {0, 1}) {
    v1::BandwidthEvidence evidence = HonestEvidence();
    evidence.mutable_tests(test)->set_checker_result("{");
    EXPECT_THAT(RatesOf(evidence).status().message(), HasSubstr("no JSON"));
    evidence = HonestEvidence();
    evidence.mutable_tests(test)->mutable_measured()->set_result("{");
    EXPECT_THAT(RatesOf(evidence).status().message(), HasSubstr("no JSON"));
  }
}

}  // namespace
}  // namespace kaisar::challenges
