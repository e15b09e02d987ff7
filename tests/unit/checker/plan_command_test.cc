#include "checker/plan_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/hex.h"

namespace kaisar::checker {
namespace {

using ::testing::HasSubstr;

constexpr char kPolicy[] = R"(version: 1
samples: 64
slack_ms: 2000
guard_ms: 6000
registration_window_ms: 30000
clock_step_ms: 1000
latency: {pings: 16, spacing_ms: 5, deadline_ms: 1500, target_us: 50000, limit_us: 500000}
phases:
  registering:
    latency: {count: 2, weight: 1, least_evidence: 1}
    matmul: {count: 1, weight: 3, least_evidence: 1}
  standby:
    latency: {count: 6, weight: 1, least_evidence: 1}
    matmul: {count: 2, weight: 3, least_evidence: 1}
  in_service:
    latency: {count: 6, weight: 1, least_evidence: 1}
classes:
  cpu: {n: 1024, rounds: 4, commitment_deadline_ms: 4000, opening_deadline_ms: 2000}
)";

PlanInputs Inputs() {
  challenges::EpochScope scope;
  scope.chain_id = 31337;
  scope.epoch = 4;
  scope.epoch_ms = 7'200'000;
  scope.beacon[0] = 0xbe;
  v1::Roster roster;
  roster.set_chain_id(31337);
  for (const std::uint32_t id : {3u, 8u}) {
    v1::Device& device = *roster.add_devices();
    device.set_id(id);
    device.set_owner(std::string(20, 'o'));
    device.set_device_class("cpu");
    device.set_phase(v1::STANDBY);
  }
  return {challenges::EpochKey::Derive(Digest{}, scope.beacon, 31337, 0, 4), scope,
          std::move(roster), challenges::ParsePolicy("policy.yaml", kPolicy).value()};
}

std::string Printed(const PlanOptions& options) {
  std::ostringstream out;
  const absl::Status status = PrintPlan(Inputs(), options, out);
  EXPECT_TRUE(status.ok()) << status;
  return out.str();
}

TEST(PlanCommand, PrintsEveryChallengeOfThePlanAsJson) {
  PlanOptions options;
  options.json = true;
  const auto json = nlohmann::json::parse(Printed(options));
  EXPECT_EQ(json["epoch"], 4);
  EXPECT_EQ(json["slot"], 0);
  EXPECT_EQ(json["planned"], 16);
  const PlanInputs inputs = Inputs();
  const auto plan = MakePlan(inputs.key, inputs.scope, inputs.roster, inputs.policy).value();
  ASSERT_EQ(json["challenges"].size(), plan.size());
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const auto& row = json["challenges"][i];
    EXPECT_EQ(row["due_ms"], plan[i].due_ms);
    EXPECT_EQ(row["device"], plan[i].device);
    EXPECT_EQ(row["kind"], plan[i].kind == v1::MATMUL ? "matmul" : "latency");
    EXPECT_EQ(row["q"], plan[i].sequence);
    EXPECT_EQ(row["challenge_id"], ToHex(ChallengeId(inputs.scope, plan[i])));
  }
}

TEST(PlanCommand, PrintsATableWithOneRowAChallenge) {
  const std::string table = Printed({});
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 18);
  EXPECT_THAT(table, HasSubstr("challenge id"));
  EXPECT_THAT(table, HasSubstr("16 of 16 challenges: "));
  const PlanInputs inputs = Inputs();
  const auto plan = MakePlan(inputs.key, inputs.scope, inputs.roster, inputs.policy).value();
  EXPECT_THAT(table, HasSubstr(ToHex(ChallengeId(inputs.scope, plan[0]))));
}

TEST(PlanCommand, PrintsOneDeviceAndNoMoreThanTheLimit) {
  PlanOptions options;
  options.device = 8;
  options.limit = 3;
  EXPECT_THAT(Printed(options), HasSubstr("3 of 8 challenges"));
  options.json = true;
  const auto json = nlohmann::json::parse(Printed(options));
  ASSERT_EQ(json["challenges"].size(), 3u);
  for (const auto& row : json["challenges"]) EXPECT_EQ(row["device"], 8);
  EXPECT_EQ(json["planned"], 8);
}

TEST(PlanCommand, RefusesADeviceThatTheRosterDoesNotHave) {
  PlanOptions options;
  options.device = 4;
  std::ostringstream out;
  EXPECT_EQ(PrintPlan(Inputs(), options, out).code(), absl::StatusCode::kInvalidArgument);
}

TEST(PlanCommand, SaysWhyItNeedsALogOrABeacon) {
  PlanOptions options;
  options.config = "checker.yaml";
  EXPECT_THAT(std::string(ReadPlanInputs(options).status().message()),
              HasSubstr("does not exist before the epoch begins"));
  options.log = "epoch-4.log";
  options.beacon = "00";
  EXPECT_EQ(ReadPlanInputs(options).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kaisar::checker
