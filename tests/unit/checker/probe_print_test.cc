#include "checker/probe_print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/sha256.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/bandwidth/throughput.h"
#include "nlohmann/json.hpp"
#include "tests/unit/challenges/bandwidth_lines.h"
#include "tests/unit/challenges/sample_network.h"

namespace kaisar::checker {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

/// A probe of device 5 of the sample network, whose ends counted what the vectors say.
class ProbePrint : public ::testing::Test {
 protected:
  ProbePrint() {
    target_.slot = 3;
    target_.epoch = 7;
    target_.roster = challenges::SampleRoster();
    target_.device = target_.roster.devices(0);
    target_.policy = challenges::SamplePolicy();
    challenge_.mutable_challenge()->set_challenge_id(std::string(32, '\x5a'));
    challenge_.set_params(challenges::BandwidthParamsFor(target_.device, target_.policy.bandwidth)
                              .SerializeAsString());
    closed_.set_transport(v1::COMPLETED);
    *closed_.mutable_bandwidth() = challenges::HonestEvidence();
    judgement_.verdict = v1::PASS;
  }

  std::string Text() { return ProbeText({target_, challenge_, closed_, &judgement_}); }
  nlohmann::json Json() {
    return nlohmann::json::parse(ProbeJson({target_, challenge_, closed_, &judgement_}));
  }
  v1::BandwidthEvidence::Test& test(int index) {
    return *closed_.mutable_bandwidth()->mutable_tests(index);
  }

  ProbeTarget target_;
  v1::SignedChallenge challenge_;
  v1::ChallengeClosed closed_;
  challenges::Judgement judgement_;
};

TEST_F(ProbePrint, SaysWhatBothEndsCountedAndWhichOfItCounts) {
  const auto checker = challenges::ParseTestCounts(test(0).checker_result()).value();
  const auto device = challenges::ParseTestCounts(test(0).measured().result()).value();
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("device 5 at 127.0.0.1:7000, epoch 7, slot 3\n"));
  EXPECT_THAT(text, HasSubstr("5 s of each direction over 4 streams, sent at 110000000 bit/s down, "
                              "22000000 up\n"));
  EXPECT_THAT(text, ContainsRegex("down +checker +sent +" + std::to_string(checker.sent_bytes)));
  EXPECT_THAT(text,
              ContainsRegex("down +device +received +" + std::to_string(device.received_bytes)));
  EXPECT_THAT(text, ContainsRegex("up +checker +received .* counts\n"));
  EXPECT_THAT(text, EndsWith("\nPASS\n"));
}

TEST_F(ProbePrint, MarksTheDevicesCountWhenItIsTheSmallerOne) {
  std::string less = test(0).measured().result();
  const auto counts = challenges::ParseTestCounts(less).value();
  const std::string bytes = std::to_string(counts.received_bytes);
  const std::string sum = "\"sum_received\":";
  const std::size_t at = less.find(bytes, less.find(sum));
  less.replace(at, bytes.size(), "1000");
  test(0).mutable_measured()->set_result(less);
  const nlohmann::json down = Json()["tests"][0];
  EXPECT_EQ(down["device"]["received_bytes"], 1000);
  EXPECT_EQ(down["device"]["counts"], true);
  EXPECT_EQ(down["checker"]["counts"], false);
  const auto checker = challenges::ParseTestCounts(test(0).checker_result()).value();
  EXPECT_EQ(down["counted_bits_per_second"],
            8'000'000'000 / std::max(checker.sent_us, counts.received_us));
}

TEST_F(ProbePrint, GivesTheShareOfWhatCountsOfTheClaim) {
  target_.device.set_up_bits_per_second(1'000'000'000'000);
  const nlohmann::json up = Json()["tests"][1];
  EXPECT_EQ(up["claimed_bits_per_second"], 1'000'000'000);
  const auto rate = up["counted_bits_per_second"].get<std::uint64_t>();
  EXPECT_EQ(up["share_ppm"], rate * 1'000'000 / 1'000'000'000);
  target_.device.set_up_bits_per_second(1);
  EXPECT_EQ(Json()["tests"][1]["share_ppm"], 1'000'000);
}

TEST_F(ProbePrint, SaysWhyAResultCannotBeRead) {
  test(1).mutable_measured()->set_result("\x1b[2Jnonsense");
  judgement_ = {v1::FAIL, v1::MALFORMED, "the result of up cannot be read"};
  const std::string text = Text();
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, ContainsRegex("\nup: .+\n"));
  EXPECT_THAT(text, EndsWith("\nFAIL MALFORMED: the result of up cannot be read\n"));
  EXPECT_FALSE(Json()["tests"][1].contains("counted_bits_per_second"));
}

TEST_F(ProbePrint, RepeatsTheDevicesOwnWordsForARefusal) {
  closed_.clear_bandwidth();
  closed_.set_transport(v1::DECLINED);
  closed_.mutable_refusal()->set_message("not \x07now");
  judgement_ = {v1::FAIL, v1::REFUSED, "the device declined"};
  EXPECT_THAT(Text(), EndsWith("\nFAIL REFUSED: the device says: not ?now\n"));
  EXPECT_EQ(Json()["refusal"], "not ?now");
  EXPECT_EQ(Json()["tests"].size(), 0U);
}

TEST_F(ProbePrint, SaysThatTheTermsAreTheProbesOwn) {
  EXPECT_THAT(Text(), Not(HasSubstr("the probe's own")));
  target_.terms_of_policy = false;
  EXPECT_THAT(Text(), HasSubstr("the terms are the probe's own\n"));
  EXPECT_EQ(Json()["terms"], "probe");
}

}  // namespace
}  // namespace kaisar::checker
