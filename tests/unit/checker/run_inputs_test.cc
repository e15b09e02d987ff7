// What a policy that asks bandwidth needs of the config.
#include "checker/run_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kaisar::checker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

challenges::Policy Asking() {
  challenges::Policy policy;
  policy.phases[v1::STANDBY][v1::BANDWIDTH] = {1, 1, 1};
  return policy;
}

Config Able() {
  Config config;
  config.policy = "policy.yaml";
  config.connection = LineCapacity{1'000'000, 1'000'000};
  config.iperf = "/bin/sh";  // some executable
  return config;
}

TEST(CheckBandwidth, AsksForNothingWhenThePolicyAsksNoBandwidth) {
  EXPECT_EQ(CheckBandwidth("checker.yaml", Config(), challenges::Policy()), absl::OkStatus());
}

TEST(CheckBandwidth, IsContentWithAConnectionAndAnExecutable) {
  EXPECT_EQ(CheckBandwidth("checker.yaml", Able(), Asking()), absl::OkStatus());
}

TEST(CheckBandwidth, NamesTheKeyThatIsMissingAndWhyItIsNeeded) {
  Config config = Able();
  config.connection.reset();
  const absl::Status status = CheckBandwidth("checker.yaml", config, Asking());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("checker.yaml: connection is missing"),
                    HasSubstr("out_bits_per_second"), HasSubstr("policy.yaml asks bandwidth")));
}

TEST(CheckBandwidth, NamesAnExecutableThatIsNotThere) {
  Config config = Able();
  config.iperf = "/nonexistent/kaisar-iperf";
  EXPECT_THAT(std::string(CheckBandwidth("checker.yaml", config, Asking()).message()),
              AllOf(HasSubstr("iperf is /nonexistent/kaisar-iperf"), HasSubstr("executable")));
}

}  // namespace
}  // namespace kaisar::checker
