#include "challenges/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>

#include "tests/unit/challenges/sample_network.h"

namespace kaisar::challenges {
namespace {

using ::testing::HasSubstr;

std::vector<PlannedChallenge> Plan(const v1::Roster& roster, const Policy& policy) {
  return MakePlan(SampleKey(), SampleScope(), roster, policy).value();
}

/// The due times of one device and kind, by q.
std::vector<std::uint32_t> DueTimes(const std::vector<PlannedChallenge>& plan, std::uint32_t device,
                                    v1::Kind kind) {
  std::map<std::uint32_t, std::uint32_t> by_sequence;
  for (const PlannedChallenge& planned : plan) {
    if (planned.device != device || planned.kind != kind) continue;
    EXPECT_TRUE(by_sequence.emplace(planned.sequence, planned.due_ms).second);
  }
  std::vector<std::uint32_t> due_ms;
  for (const auto& [sequence, due] : by_sequence) {
    EXPECT_EQ(sequence, due_ms.size());  // 0 … count − 1, none missing
    due_ms.push_back(due);
  }
  return due_ms;
}

TEST(Plan, GivesTheDueTimesIdsAndSeedsOfTheVectors) {
  const nlohmann::json vectors = ReadVectors("protocol.json");
  const std::vector<PlannedChallenge> plan = Plan(SampleRoster(), SamplePolicy());
  for (const auto& [kind, name] :
       {std::pair(v1::MATMUL, "matmul"), std::pair(v1::LATENCY, "latency")}) {
    EXPECT_EQ(DueTimes(plan, 5, kind).at(2), vectors[name]["due_ms"]);
    const Digest id = ChallengeId(SampleScope(), {0, 5, 2, kind});
    EXPECT_EQ(ToHex(id), vectors[name]["challenge_id"]);
  }
  const Digest id = ChallengeId(SampleScope(), {0, 5, 2, v1::MATMUL});
  EXPECT_EQ(ToHex(ChallengeSeed(SampleKey(), id)), vectors["matmul"]["seed"]);
}

TEST(Plan, HasPartsFromWhichEachChallengeIsDrawnAlone) {
  v1::Roster roster = SampleRoster();
  roster.mutable_devices(1)->set_muster(true);
  const std::vector<PlannedChallenge> plan = Plan(roster, SamplePolicy());
  const auto parts = MakePlanParts(SampleKey(), SampleScope(), roster, SamplePolicy());
  ASSERT_TRUE(parts.ok()) << parts.status();
  std::vector<PlannedChallenge> drawn;
  for (const PlanPart& part : *parts) {
    for (std::uint32_t q = 0; q < part.size(); ++q) drawn.push_back(DrawPlanned(part, q));
  }
  EXPECT_THAT(drawn, ::testing::UnorderedElementsAreArray(plan));
  EXPECT_TRUE(std::is_sorted(parts->begin(), parts->end(), [](const auto& a, const auto& b) {
    return std::tie(a.device, a.kind) < std::tie(b.device, b.kind);
  }));
}

TEST(Plan, AgreesWithTheSecondImplementation) {
  const nlohmann::json vectors = ReadVectors("challenges.json");
  Policy policy = SamplePolicy();
  policy.phases[v1::STANDBY][v1::LATENCY].count = 70;
  policy.phases[v1::STANDBY][v1::MATMUL].count = 8;
  policy.phases[v1::STANDBY][v1::BANDWIDTH].count = 4;
  const std::vector<PlannedChallenge> plan = Plan(SampleRoster(), policy);
  EXPECT_EQ(nlohmann::json(DueTimes(plan, 5, v1::LATENCY)), vectors["latency_due_ms"]);
  EXPECT_EQ(nlohmann::json(DueTimes(plan, 5, v1::MATMUL)), vectors["matmul_due_ms"]);
  EXPECT_EQ(nlohmann::json(DueTimes(plan, 5, v1::BANDWIDTH)), vectors["bandwidth_due_ms"]);
}

TEST(Plan, IsOrderedByTimeDeviceKindAndSequence) {
  EpochScope scope = SampleScope();
  scope.epoch_ms = 300'003;  // three instants to choose from, so that there are ties everywhere
  Policy policy = SamplePolicy();
  policy.phases[v1::STANDBY][v1::LATENCY].count = 40;
  const auto plan = MakePlan(SampleKey(), scope, SampleRoster(), policy);
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(std::is_sorted(plan->begin(), plan->end(), [](const auto& a, const auto& b) {
    return std::tie(a.due_ms, a.device, a.kind, a.sequence) <
           std::tie(b.due_ms, b.device, b.kind, b.sequence);
  }));
  for (const PlannedChallenge& planned : *plan) EXPECT_LT(planned.due_ms, 3u);
}

TEST(Plan, AsksEachDeviceWhatItsPhaseGivesAndNothingElse) {
  const std::vector<PlannedChallenge> plan = Plan(SampleRoster(), SamplePolicy());
  EXPECT_EQ(DueTimes(plan, 5, v1::LATENCY).size(), 4u);
  EXPECT_EQ(DueTimes(plan, 5, v1::MATMUL).size(), 3u);
  EXPECT_EQ(DueTimes(plan, 8, v1::LATENCY).size(), 2u);
  EXPECT_EQ(DueTimes(plan, 8, v1::MATMUL).size(), 0u);
  EXPECT_EQ(plan.size(), 3u * 7 + 2);
}

TEST(Plan, ChallengesAllDevicesOfAnOwnerAtTheSameInstants) {
  const std::vector<PlannedChallenge> plan = Plan(SampleRoster(), SamplePolicy());
  EXPECT_EQ(DueTimes(plan, 5, v1::MATMUL), DueTimes(plan, 6, v1::MATMUL));
  EXPECT_NE(DueTimes(plan, 5, v1::LATENCY), DueTimes(plan, 6, v1::LATENCY));
  v1::Roster strangers = SampleRoster();
  strangers.mutable_devices(1)->set_owner(std::string(20, '\x36'));
  const std::vector<PlannedChallenge> other = Plan(strangers, SamplePolicy());
  EXPECT_NE(DueTimes(other, 5, v1::MATMUL), DueTimes(other, 6, v1::MATMUL));
}

TEST(Plan, GivesDevicesOfOneOwnerSeedsOfTheirOwn) {
  std::set<Digest> seeds;
  for (const PlannedChallenge& planned : Plan(SampleRoster(), SamplePolicy())) {
    seeds.insert(ChallengeSeed(SampleKey(), ChallengeId(SampleScope(), planned)));
  }
  EXPECT_EQ(seeds.size(), Plan(SampleRoster(), SamplePolicy()).size());
}

TEST(Plan, DrawsRegisteringDevicesFromTheRegistrationWindow) {
  v1::Roster roster = SampleRoster();
  roster.mutable_devices(0)->set_phase(v1::REGISTERING);
  const nlohmann::json vectors = ReadVectors("challenges.json");
  EXPECT_EQ(nlohmann::json(DueTimes(Plan(roster, SamplePolicy()), 5, v1::LATENCY)),
            vectors["registering_latency_due_ms"]);
}

TEST(Plan, DrawsRegisteringDevicesFromTheEpochWhenTheWindowIsLonger) {
  v1::Roster roster = SampleRoster();
  roster.mutable_devices(0)->set_phase(v1::REGISTERING);
  Policy policy = SamplePolicy();
  policy.registration_window_ms = 86'400'000;
  EXPECT_EQ(DueTimes(Plan(roster, policy), 5, v1::LATENCY),
            DueTimes(Plan(SampleRoster(), policy), 5, v1::LATENCY));
}

TEST(Plan, MustersEveryDeviceThatIsAskedMatmulAtOneInstant) {
  v1::Roster roster = SampleRoster();
  roster.set_muster(true);
  const std::vector<PlannedChallenge> plan = Plan(roster, SamplePolicy());
  const std::uint32_t muster_ms = ReadVectors("challenges.json")["muster_ms"];
  for (const std::uint32_t device : {5u, 6u, 7u}) {
    ASSERT_EQ(DueTimes(plan, device, v1::MATMUL).size(), 4u);
    EXPECT_EQ(DueTimes(plan, device, v1::MATMUL)[3], muster_ms);  // q = count
  }
  EXPECT_EQ(DueTimes(plan, 8, v1::MATMUL).size(), 0u);  // rented: left in peace
}

TEST(Plan, MustersOnlyTheDevicesThatTheSlotIsFirstFor) {
  v1::Roster roster = SampleRoster();
  roster.mutable_devices(1)->set_muster(true);
  roster.mutable_devices(3)->set_muster(true);
  const std::vector<PlannedChallenge> plan = Plan(roster, SamplePolicy());
  EXPECT_EQ(DueTimes(plan, 5, v1::MATMUL).size(), 3u);
  ASSERT_EQ(DueTimes(plan, 6, v1::MATMUL).size(), 4u);
  EXPECT_EQ(DueTimes(plan, 6, v1::MATMUL)[3], ReadVectors("challenges.json")["muster_ms"]);
  EXPECT_EQ(DueTimes(plan, 8, v1::MATMUL).size(), 0u);  // rented: left in peace
}

TEST(Plan, HoldsNoMusterUnlessTheRosterSaysSo) {
  EXPECT_EQ(DueTimes(Plan(SampleRoster(), SamplePolicy()), 5, v1::MATMUL).size(), 3u);
}

TEST(Plan, KeepsTheMusterInstantWhateverTheSecret) {
  v1::Roster roster = SampleRoster();
  roster.set_muster(true);
  const EpochKey other = EpochKey::Derive(Filled(0x55), Filled(0x22), 31337, 4, 7);
  const auto plan = MakePlan(other, SampleScope(), roster, SamplePolicy());
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(DueTimes(*plan, 5, v1::MATMUL)[3],
            DueTimes(Plan(roster, SamplePolicy()), 5, v1::MATMUL)[3]);
}

TEST(Plan, DependsNeitherOnOtherDevicesNorOnTheirOrder) {
  v1::Roster alone = SampleRoster();
  alone.mutable_devices()->DeleteSubrange(0, 1);
  EXPECT_EQ(DueTimes(Plan(alone, SamplePolicy()), 6, v1::LATENCY),
            DueTimes(Plan(SampleRoster(), SamplePolicy()), 6, v1::LATENCY));
}

TEST(Plan, IsEmptyForAnEmptyRoster) {
  EXPECT_TRUE(Plan(v1::Roster(), SamplePolicy()).empty());
}

TEST(Plan, KeepsEverythingOutOfTheGuardTime) {
  Policy policy = SamplePolicy();
  policy.phases[v1::STANDBY][v1::LATENCY].count = 65'536;
  const std::vector<PlannedChallenge> plan = Plan(SampleRoster(), policy);
  EXPECT_LT(plan.back().due_ms, 21'300'000u);
  EXPECT_GT(plan.back().due_ms, 21'200'000u);
}

TEST(Plan, RefusesAnEpochThatIsAllGuardTime) {
  EpochScope scope = SampleScope();
  scope.epoch_ms = 300'000;
  const auto plan = MakePlan(SampleKey(), scope, SampleRoster(), SamplePolicy());
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(plan.status().message(),
            "epoch is 300000 ms long, not longer than the guard time of 300000 ms");
}

TEST(Plan, RefusesAnEpochBeyond32Bits) {
  EpochScope scope = SampleScope();
  scope.epoch_ms = std::uint64_t{1} << 32;
  const auto plan = MakePlan(SampleKey(), scope, SampleRoster(), SamplePolicy());
  EXPECT_EQ(plan.status().message(), "epoch is 4294967296 ms long, limit 4294967295");
}

TEST(Plan, RefusesMoreChallengesThanItsLimitBeforeAllocatingThem) {
  Policy policy = SamplePolicy();
  policy.phases[v1::STANDBY][v1::LATENCY].count = std::numeric_limits<std::uint32_t>::max();
  const auto plan = MakePlan(SampleKey(), SampleScope(), SampleRoster(), policy);
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(plan.status().message()), HasSubstr("limit 134217728"));
}

}  // namespace
}  // namespace kaisar::challenges
