#include "challenges/policy.h"

#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"
#include "tests/unit/challenges/sample_network.h"

namespace kaisar::challenges {
namespace {

constexpr char kPolicy[] = R"(version: 1
samples: 64
slack_ms: 2000
guard_ms: 60000
registration_window_ms: 3600000
clock_step_ms: 1000
latency: {pings: 16, spacing_ms: 20, deadline_ms: 5000, target_us: 50000, limit_us: 500000}
phases:
  registering:
    latency: {count: 12, weight: 1, least_evidence: 6}
    matmul: {count: 4, weight: 3, least_evidence: 2}
  standby:
    latency: {count: 360, weight: 1, least_evidence: 60}
    matmul: {count: 8, weight: 3, least_evidence: 4}
  in_service:
    latency: {count: 36, weight: 5, least_evidence: 12}
classes:
  cpu: {n: 1024, rounds: 4, commitment_deadline_ms: 10000, opening_deadline_ms: 5000}
  h100-sxm: {n: 8192, rounds: 512, commitment_deadline_ms: 11000, opening_deadline_ms: 6000}
)";

/// What is wrong with the sample policy after one replacement, which must apply once.
std::string ErrorWith(const std::string& from, const std::string& to) {
  std::string yaml = kPolicy;
  EXPECT_EQ(absl::StrReplaceAll({{from, to}}, &yaml), 1) << from;
  const absl::StatusOr<Policy> policy = ParsePolicy("policy.yaml", yaml);
  EXPECT_EQ(policy.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(policy.status().message());
}

std::string ReadText(const std::string& path) {
  std::ifstream file(std::string(std::getenv("KAISAR_SOURCE_DIR")) + "/" + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(Policy, ReadsEveryKey) {
  const absl::StatusOr<Policy> policy = ParsePolicy("policy.yaml", kPolicy);
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->samples, 64u);
  EXPECT_EQ(policy->slack_ms, 2000u);
  EXPECT_EQ(policy->guard_ms, 60'000u);
  EXPECT_EQ(policy->registration_window_ms, 3'600'000u);
  EXPECT_EQ(policy->clock_step_ms, 1000u);
  EXPECT_EQ(policy->latency.pings, 16u);
  EXPECT_EQ(policy->latency.spacing_ms, 20u);
  EXPECT_EQ(policy->latency.deadline_ms, 5000u);
  EXPECT_EQ(policy->latency.target_us, 50'000u);
  EXPECT_EQ(policy->latency.limit_us, 500'000u);
  ASSERT_EQ(policy->classes.size(), 2u);
  EXPECT_EQ(policy->classes.at("h100-sxm").n, 8192u);
  EXPECT_EQ(policy->classes.at("h100-sxm").rounds, 512u);
  EXPECT_EQ(policy->classes.at("h100-sxm").commitment_deadline_ms, 11'000u);
  EXPECT_EQ(policy->classes.at("h100-sxm").opening_deadline_ms, 6000u);
}

TEST(Policy, FindsWhatAPhaseAsksOfAKind) {
  const Policy policy = ParsePolicy("policy.yaml", kPolicy).value();
  const KindPolicy* latency = policy.Find(v1::STANDBY, v1::LATENCY);
  ASSERT_NE(latency, nullptr);
  EXPECT_EQ(latency->count, 360u);
  EXPECT_EQ(latency->weight, 1u);
  EXPECT_EQ(latency->least_evidence, 60u);
  EXPECT_EQ(policy.Find(v1::REGISTERING, v1::MATMUL)->count, 4u);
  EXPECT_EQ(policy.Find(v1::IN_SERVICE, v1::LATENCY)->weight, 5u);
  EXPECT_EQ(policy.Find(v1::IN_SERVICE, v1::MATMUL), nullptr);
  EXPECT_EQ(policy.Find(v1::STANDBY, v1::BANDWIDTH), nullptr);
  EXPECT_EQ(policy.Find(v1::PHASE_UNSPECIFIED, v1::LATENCY), nullptr);
}

TEST(Policy, NamesLineKeyValueAndRangeOfAWrongValue) {
  EXPECT_EQ(ErrorWith("version: 1", "version: 2"),
            "policy.yaml:1: version: is 2, expected an integer from 1 to 1");
  EXPECT_EQ(ErrorWith("samples: 64", "samples: 1025"),
            "policy.yaml:2: samples: is 1025, expected an integer from 1 to 1024");
  EXPECT_EQ(ErrorWith("slack_ms: 2000", "slack_ms: 0"),
            "policy.yaml:3: slack_ms: is 0, expected an integer from 1 to 3600000");
  EXPECT_EQ(ErrorWith("guard_ms: 60000", "guard_ms: soon"),
            "policy.yaml:4: guard_ms: is soon, expected an integer from 0 to 86400000");
  EXPECT_EQ(ErrorWith("_window_ms: 3600000", "_window_ms: 0"),
            "policy.yaml:5: registration_window_ms: is 0, expected an integer from 1 to 86400000");
  EXPECT_EQ(ErrorWith("clock_step_ms: 1000", "clock_step_ms: -1"),
            "policy.yaml:6: clock_step_ms: is -1, expected an integer from 1 to 60000");
}

TEST(Policy, NamesTheWholePathOfANestedKey) {
  EXPECT_EQ(ErrorWith("pings: 16", "pings: 1025"),
            "policy.yaml:7: latency.pings: is 1025, expected an integer from 1 to 1024");
  EXPECT_EQ(ErrorWith("spacing_ms: 20,", "spacing_ms: 10001,"),
            "policy.yaml:7: latency.spacing_ms: is 10001, expected an integer from 0 to 10000");
  EXPECT_EQ(ErrorWith("{count: 8,", "{count: 65537,"),
            "policy.yaml:14: phases.standby.matmul.count: is 65537, expected an integer from 1 to "
            "65536");
  EXPECT_EQ(ErrorWith("weight: 5", "weight: 1001"),
            "policy.yaml:16: phases.in_service.latency.weight: is 1001, expected an integer from 0 "
            "to 1000");
  EXPECT_EQ(ErrorWith("rounds: 512", "rounds: 4097"),
            "policy.yaml:19: classes.h100-sxm.rounds: is 4097, expected an integer from 1 to 4096");
  EXPECT_EQ(ErrorWith("n: 8192", "n: 65536"),
            "policy.yaml:19: classes.h100-sxm.n: is 65536, expected an integer from 256 to 32768");
}

TEST(Policy, RefusesAKeyThatIsMissingOrUnknown) {
  EXPECT_EQ(ErrorWith("slack_ms: 2000\n", ""),
            "policy.yaml:1: slack_ms: is missing, expected an integer from 1 to 3600000");
  EXPECT_EQ(ErrorWith("clock_step_ms: 1000\n", "clock_step_ms: 1000\nfavourite: 6\n"),
            "policy.yaml:7: favourite: is unknown, expected one of classes, clock_step_ms, "
            "guard_ms, latency, phases, registration_window_ms, samples, slack_ms, version");
  EXPECT_EQ(ErrorWith("    matmul: {count: 8", "    memory: {count: 8"),
            "policy.yaml:14: phases.standby.memory: is unknown, expected one of latency");
}

/// The sample policy with what bandwidth adds to it: the section as line 8, and a count.
std::string WithBandwidth() {
  std::string yaml = kPolicy;
  EXPECT_EQ(
      absl::StrReplaceAll(
          {{"phases:\n",
            "bandwidth: {seconds: 5, in_service_seconds: 2, streams: 4, open_deadline_ms: "
            "20000, start_deadline_ms: 10000, counted_bits_per_second: 1000000000}\nphases:\n"},
           {"  in_service:\n",
            "    bandwidth: {count: 3, weight: 2, least_evidence: 1}\n  in_service:\n"}},
          &yaml),
      2);
  return yaml;
}

std::string BandwidthErrorWith(const std::string& from, const std::string& to) {
  std::string yaml = WithBandwidth();
  EXPECT_EQ(absl::StrReplaceAll({{from, to}}, &yaml), 1) << from;
  const absl::StatusOr<Policy> policy = ParsePolicy("policy.yaml", yaml);
  EXPECT_EQ(policy.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(policy.status().message());
}

TEST(Policy, ReadsTheTermsOfBandwidth) {
  const absl::StatusOr<Policy> policy = ParsePolicy("policy.yaml", WithBandwidth());
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->bandwidth.seconds, 5u);
  EXPECT_EQ(policy->bandwidth.in_service_seconds, 2u);
  EXPECT_EQ(policy->bandwidth.streams, 4u);
  EXPECT_EQ(policy->bandwidth.open_deadline_ms, 20'000u);
  EXPECT_EQ(policy->bandwidth.start_deadline_ms, 10'000u);
  EXPECT_EQ(policy->bandwidth.counted_bits_per_second, 1'000'000'000u);
  EXPECT_EQ(policy->Find(v1::STANDBY, v1::BANDWIDTH)->count, 3u);
  EXPECT_EQ(policy->Find(v1::STANDBY, v1::BANDWIDTH)->weight, 2u);
  EXPECT_EQ(policy->Find(v1::IN_SERVICE, v1::BANDWIDTH), nullptr);
}

TEST(Policy, HasNoTermsOfBandwidthWhenNoPhaseAsksIt) {
  EXPECT_EQ(ParsePolicy("policy.yaml", kPolicy)->bandwidth.seconds, 0u);
}

TEST(Policy, HasTheTermsOfBandwidthExactlyWhenAPhaseAsksIt) {
  const std::string count = "    bandwidth: {count: 3, weight: 2, least_evidence: 1}\n";
  EXPECT_EQ(BandwidthErrorWith(count, ""),
            "policy.yaml:8: bandwidth: is of no use, expected a phase that asks bandwidth");
  EXPECT_EQ(ErrorWith("  in_service:\n", count + "  in_service:\n"),
            "policy.yaml:1: bandwidth: is missing, expected a mapping");
}

TEST(Policy, NamesARangeThatBandwidthLeaves) {
  const std::string where = "policy.yaml:8: bandwidth.";
  EXPECT_EQ(BandwidthErrorWith("{seconds: 5", "{seconds: 61"),
            where + "seconds: is 61, expected an integer from 1 to 60");
  EXPECT_EQ(BandwidthErrorWith("streams: 4", "streams: 17"),
            where + "streams: is 17, expected an integer from 1 to 16");
  EXPECT_EQ(BandwidthErrorWith("open_deadline_ms: 20000", "open_deadline_ms: 0"),
            where + "open_deadline_ms: is 0, expected an integer from 1 to 120000");
  EXPECT_EQ(BandwidthErrorWith(", start_deadline_ms: 10000", ""),
            where + "start_deadline_ms: is missing, expected an integer from 1 to 120000");
  EXPECT_EQ(BandwidthErrorWith("1000000000}", "999999}"),
            where +
                "counted_bits_per_second: is 999999, expected an integer from 1000000 to "
                "1000000000000000");
  EXPECT_EQ(BandwidthErrorWith("in_service_seconds: 2", "in_service_seconds: 6"),
            where + "in_service_seconds: is 6, expected at most 5 (seconds)");
}

TEST(Policy, AsksLatencyInEveryPhase) {
  EXPECT_EQ(ErrorWith("    latency: {count: 36, weight: 5, least_evidence: 12}",
                      "    matmul: {count: 36, weight: 5, least_evidence: 12}"),
            "policy.yaml:16: phases.in_service.latency: is missing, expected a mapping");
  EXPECT_EQ(
      ErrorWith("  in_service:\n    latency: {count: 36, weight: 5, least_evidence: 12}\n", ""),
      "policy.yaml:9: phases.in_service: is missing, expected a mapping");
}

TEST(Policy, RefusesEvidenceThatTheCountCannotGive) {
  EXPECT_EQ(ErrorWith("least_evidence: 60", "least_evidence: 361"),
            "policy.yaml:13: phases.standby.latency.least_evidence: is 361, expected at most 360 "
            "(count)");
  EXPECT_EQ(ErrorWith("least_evidence: 60", "least_evidence: 0"),
            "policy.yaml:13: phases.standby.latency.least_evidence: is 0, expected an integer from "
            "1 to 65536");
}

TEST(Policy, RefusesAPhaseWithoutWeight) {
  EXPECT_EQ(ErrorWith("weight: 5", "weight: 0"),
            "policy.yaml:16: phases.in_service: all weights are 0, expected one above 0");
}

TEST(Policy, RefusesALatencyLimitThatIsNotAboveTheTarget) {
  EXPECT_EQ(ErrorWith("limit_us: 500000", "limit_us: 50000"),
            "policy.yaml:7: latency.limit_us: is 50000, expected more than 50000 (target_us)");
}

TEST(Policy, RefusesADeadlineTooShortForThePings) {
  EXPECT_EQ(ErrorWith("deadline_ms: 5000, target", "deadline_ms: 320, target"),
            "policy.yaml:7: latency.deadline_ms: is 320, expected more than 320 (pings * "
            "spacing_ms)");
}

TEST(Policy, RefusesASizeThatIsNoPowerOfTwo) {
  EXPECT_EQ(ErrorWith("n: 8192", "n: 8000"),
            "policy.yaml:19: classes.h100-sxm.n: is 8000, expected a power of two");
}

TEST(Policy, RefusesAClassNameThatIsNone) {
  EXPECT_EQ(ErrorWith("h100-sxm:", "H100:"),
            "policy.yaml:19: classes.H100: is no class name, expected 1 to 64 of a-z, 0-9 and -");
}

TEST(Policy, RefusesToHaveNoClass) {
  std::string yaml = kPolicy;
  yaml = yaml.substr(0, yaml.find("classes:")) + "classes: {}\n";
  EXPECT_EQ(ParsePolicy("policy.yaml", yaml).status().message(),
            "policy.yaml:17: classes: is empty, expected at least one class");
}

TEST(Policy, ReadsTheOnesThatAreDeployed) {
  const auto quickstart = ParsePolicy("q", ReadText("deploy/quickstart-policy.yaml"));
  EXPECT_TRUE(quickstart.ok()) << quickstart.status();
  const auto network = ParsePolicy("p", ReadText("deploy/policy.yaml"));
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(network->Find(v1::STANDBY, v1::LATENCY)->count, 360u);
  EXPECT_EQ(network->Find(v1::STANDBY, v1::MATMUL)->count, 8u);
}

}  // namespace
}  // namespace kaisar::challenges
