// Bandwidth tests share the checker's connection, and keep out of the way of everything else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/support/iperf_scripts.h"
#include "tests/unit/checker/dispatch_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::uint32_t kDevices = 24;
constexpr std::uint32_t kPlanMs = 120'000;

/// A test as the checker ran it; wall time.
struct Ran {
  std::uint32_t device = 0;
  v1::Direction direction = v1::DIRECTION_UNSPECIFIED;
  std::uint64_t rate = 0;
  std::uint64_t from_ms = 0;
  std::uint64_t to_ms = 0;
};

std::vector<Ran> TestsOf(const DispatchScene& scene) {
  const std::uint64_t offset_ms = scene.clock.WallMs() - scene.clock.MonotonicNs() / 1'000'000;
  std::vector<Ran> tests;
  for (const FakeProcessRecord& record : scene.processes.Records()) {
    const challenges::IperfTask task = TaskOf(record.spec);
    tests.push_back({task.ports[0] - FakeProviderClient::TestPort(0), task.direction,
                     task.bits_per_second, record.start_ms + offset_ms,
                     record.end_ms.value_or(~std::uint64_t{0} - offset_ms) + offset_ms});
  }
  return tests;
}

/// The most that is asked of the connection at any instant.
std::uint64_t MostAtOnce(const std::vector<Ran>& tests, v1::Direction direction) {
  std::uint64_t most = 0;
  for (const Ran& at : tests) {
    std::uint64_t sum = 0;
    for (const Ran& other : tests) {
      const bool running = other.from_ms <= at.from_ms && at.from_ms < other.to_ms;
      if (running && other.direction == direction) sum += other.rate;
    }
    most = std::max(most, sum);
  }
  return most;
}

/// Devices of all speeds, three at each endpoint, some slow to open; a plan that asks all kinds of
/// them, more than there is room for.
class RandomPlan : public ::testing::TestWithParam<unsigned> {
 protected:
  RandomPlan() : random_(GetParam()) {
    for (v1::Device& device : *scene_.epoch().roster.mutable_devices()) {
      device.set_endpoint(absl::StrCat("10.0.0.", device.id() / 3, ":7000"));
      device.set_down_bits_per_second(Draw(10, 1200) * 1'000'000);
      device.set_up_bits_per_second(Draw(10, 1200) * 1'000'000);
      FakeBehaviour& behaviour = scene_.client.behaviour(device.id());
      behaviour.opens_ms = static_cast<std::uint32_t>(Draw(5, 900));
      behaviour.rtt_us = static_cast<std::uint32_t>(Draw(200, 60'000));
      behaviour.compute_ms = static_cast<std::uint32_t>(Draw(5, 1500));
      behaviour.silent_after_test = Draw(0, 9) == 0;
      behaviour.breaks_in_test = Draw(0, 9) == 0;
    }
    scene_.epoch().policy.bandwidth.start_deadline_ms = 30'000;
    scene_.epoch().scope.epoch_ms = kPlanMs + 120'000;  // so that it cuts no test short
    scene_.Begin(MakePlan());
    scene_.RunFor(kPlanMs + 120'000);
  }

  std::uint64_t Draw(std::uint64_t least, std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(least, most)(random_);
  }

  std::vector<challenges::PlannedChallenge> MakePlan() {
    std::vector<challenges::PlannedChallenge> plan;
    const auto add = [&](v1::Kind kind, std::uint32_t count) {
      for (std::uint32_t id = 1; id <= kDevices; ++id) {
        for (std::uint32_t q = 0; q < count; ++q) {
          plan.push_back(Planned(static_cast<std::uint32_t>(Draw(0, kPlanMs)), id, kind, q));
        }
      }
    };
    add(v1::LATENCY, 3);
    add(v1::BANDWIDTH, 2);
    add(v1::MATMUL, 1);
    std::sort(plan.begin(), plan.end(),
              [](const auto& a, const auto& b) { return a.due_ms < b.due_ms; });
    return plan;
  }

  std::string EndpointOf(std::uint32_t device) {
    return challenges::FindDevice(scene_.epoch().roster, device)->endpoint();
  }

  std::mt19937_64 random_;
  DispatchScene scene_{kDevices};
};

TEST_P(RandomPlan, NeverAsksForMoreThanTheConnectionCarries) {
  const std::vector<Ran> tests = TestsOf(scene_);
  ASSERT_GT(tests.size(), 20u);
  for (const v1::Direction direction : {v1::DOWN, v1::UP}) {
    const std::uint64_t most = MostAtOnce(tests, direction);
    EXPECT_LE(most, 1'600'000'000u);
    EXPECT_GT(most, 1'100'000'000u) << "the plan is too easy to say anything";
  }
}

// "bandwidth probes never disturb latency challenges that are due"
TEST_P(RandomPlan, OverlapsNoChallengeOfTheSameEndpoint) {
  const std::vector<Ran> tests = TestsOf(scene_);
  for (const FakeProviderClient::Span& call : scene_.client.spans()) {
    for (const Ran& test : tests) {
      if (EndpointOf(test.device) != EndpointOf(call.device)) continue;
      EXPECT_TRUE(test.to_ms <= call.from_ms || call.to_ms <= test.from_ms)
          << "device " << test.device << " was tested from " << test.from_ms << " to " << test.to_ms
          << ", device " << call.device << " asked from " << call.from_ms << " to " << call.to_ms;
    }
  }
}

TEST_P(RandomPlan, RunsOneTestAtATimeAtAnEndpoint) {
  const std::vector<Ran> tests = TestsOf(scene_);
  for (std::size_t i = 0; i < tests.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (EndpointOf(tests[i].device) != EndpointOf(tests[j].device)) continue;
      EXPECT_TRUE(tests[i].to_ms <= tests[j].from_ms || tests[j].to_ms <= tests[i].from_ms);
    }
  }
}

TEST_P(RandomPlan, SendsLatencyChallengesOnTimeDuringTests) {
  std::uint32_t latencies = 0;
  for (const v1::ChallengeClosed& closed : scene_.outcomes) {
    if (closed.kind() != v1::LATENCY) continue;
    ++latencies;
    EXPECT_EQ(closed.verdict(), v1::PASS) << closed.ShortDebugString();
    EXPECT_EQ(closed.sent_ms(), std::max<std::uint64_t>(closed.due_ms(), 1));
  }
  EXPECT_EQ(latencies, 3 * kDevices);
}

TEST_P(RandomPlan, ClosesEveryChallengeAndLeavesNothingOpen) {
  EXPECT_TRUE(scene_.dispatcher->finished());
  EXPECT_THAT(scene_.outcomes, SizeIs(6 * kDevices));
  EXPECT_EQ(scene_.processes.Running(), 0u);
  std::uint32_t passed = 0;
  for (const v1::ChallengeClosed& closed : scene_.outcomes) {
    if (closed.kind() == v1::BANDWIDTH && closed.verdict() == v1::PASS) ++passed;
  }
  EXPECT_GT(passed, kDevices / 2);
}

INSTANTIATE_TEST_SUITE_P(DispatcherLine, RandomPlan, ::testing::Range(1u, 7u));

TEST(DispatcherLine, RunsTestsOneAfterTheOtherWhenTheConnectionCarriesOne) {
  DispatchScene scene(3);
  scene.Begin({Planned(100, 1, v1::BANDWIDTH), Planned(100, 2, v1::BANDWIDTH),
               Planned(100, 3, v1::BANDWIDTH)});
  scene.RunFor(30'000);
  ASSERT_THAT(scene.outcomes, SizeIs(3));
  for (const v1::ChallengeClosed& closed : scene.outcomes) EXPECT_EQ(closed.verdict(), v1::PASS);
  // A test takes 3.2 s, and the device's result and second opening 50 ms.
  EXPECT_EQ(scene.Closed(1, v1::BANDWIDTH)->bandwidth().tests(0).waited_ms(), 0u);
  EXPECT_EQ(scene.Closed(2, v1::BANDWIDTH)->bandwidth().tests(0).waited_ms(), 3200u);
  EXPECT_EQ(scene.Closed(3, v1::BANDWIDTH)->bandwidth().tests(0).waited_ms(), 6400u);
  EXPECT_EQ(scene.Closed(1, v1::BANDWIDTH)->bandwidth().tests(1).waited_ms(), 0u)
      << "the other direction is free";
}

TEST(DispatcherLine, GivesUpWhatTheConnectionHadNoRoomForInTime) {
  DispatchScene scene(2);
  scene.epoch().policy.bandwidth.start_deadline_ms = 3000;
  scene.Begin({Planned(100, 1, v1::BANDWIDTH), Planned(100, 2, v1::BANDWIDTH)});
  scene.RunFor(3140);
  const v1::ChallengeClosed* closed = scene.Closed(2, v1::BANDWIDTH);
  ASSERT_NE(closed, nullptr) << "closed when its time was over, not later";
  EXPECT_EQ(closed->transport(), v1::ABANDONED);
  EXPECT_EQ(closed->reason(), v1::CHECKER_OVERLOADED);
  EXPECT_EQ(closed->detail(),
            "waited 3000 ms for room on the connection: 1100000000 bits/s beside 1100000000 of "
            "1600000000");
}

TEST(DispatcherLine, AsksAnEndpointAgainWhenItsTestsAreOver) {
  DispatchScene scene(2);
  for (v1::Device& device : *scene.epoch().roster.mutable_devices()) {
    device.set_endpoint("192.0.2.7:7000");
  }
  scene.epoch().policy.slack_ms = 20'000;
  scene.Begin({Planned(100, 1, v1::BANDWIDTH), Planned(200, 2, v1::BANDWIDTH)});
  scene.RunFor(40'000);
  const v1::ChallengeClosed* first = scene.Closed(1, v1::BANDWIDTH);
  const v1::ChallengeClosed* second = scene.Closed(2, v1::BANDWIDTH);
  ASSERT_TRUE(first != nullptr && second != nullptr);
  EXPECT_EQ(first->verdict(), v1::PASS) << first->ShortDebugString();
  EXPECT_EQ(second->verdict(), v1::PASS) << second->ShortDebugString();
  EXPECT_GE(second->sent_ms(), first->sent_ms() + first->elapsed_ms());
}

TEST(DispatcherLine, BlamesNoDeviceWhoseTurnCameTooLate) {
  DispatchScene scene(1);
  scene.epoch().policy.slack_ms = 2000;
  scene.Begin({Planned(100, 1, v1::BANDWIDTH), Planned(200, 1, v1::BANDWIDTH, 1)});
  scene.RunFor(40'000);
  const v1::ChallengeClosed* second = scene.Closed(1, v1::BANDWIDTH, 1);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->transport(), v1::NOT_SENT);
  EXPECT_EQ(second->reason(), v1::CHECKER_OVERLOADED) << second->ShortDebugString();
  EXPECT_EQ(scene.Closed(1, v1::BANDWIDTH)->verdict(), v1::PASS);
}

TEST(DispatcherLine, GivesUpWhatFoundNoPauseAtItsEndpoint) {
  DispatchScene scene(1);
  std::vector<challenges::PlannedChallenge> plan = {Planned(100, 1, v1::BANDWIDTH)};
  for (std::uint32_t q = 0; q < 10; ++q) plan.push_back(Planned(500 + 3000 * q, 1, v1::LATENCY, q));
  scene.Begin(plan);
  scene.RunFor(30'000);
  const v1::ChallengeClosed* closed = scene.Closed(1, v1::BANDWIDTH);
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->reason(), v1::CHECKER_OVERLOADED);
  EXPECT_THAT(closed->detail(), HasSubstr("pause between the endpoint's other challenges"));
  EXPECT_THAT(scene.processes.Records(), IsEmpty());
}

TEST(DispatcherLine, NeverSendsWhatIsTooFastForTheConnection) {
  DispatchScene scene(2);
  scene.limits.line = {1'000'000'000, 2'000'000'000};
  scene.epoch().roster.mutable_devices(1)->set_down_bits_per_second(100'000'000);
  scene.Begin({Planned(100, 1, v1::BANDWIDTH), Planned(100, 2, v1::BANDWIDTH)});
  scene.RunFor(20'000);
  const v1::ChallengeClosed* closed = scene.Closed(1, v1::BANDWIDTH);
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->transport(), v1::NOT_SENT);
  EXPECT_GT(closed->sent_ms(), 100 + scene.epoch().policy.slack_ms) << "as verify wants it";
  EXPECT_EQ(closed->reason(), v1::CHECKER_OVERLOADED);
  EXPECT_THAT(closed->detail(), HasSubstr("limit 800000000 and 1600000000"));
  EXPECT_EQ(scene.Closed(2, v1::BANDWIDTH)->verdict(), v1::PASS);
  EXPECT_THAT(scene.client.sent(), SizeIs(1));
  EXPECT_EQ(checker::CountTooFast(scene.limits.line, scene.epoch().roster, scene.epoch().policy),
            1u);
}

// Ten slow devices would always fill what a fast one needs.
TEST(DispatcherLine, GivesAFastDeviceItsTurnAmongSlowOnes) {
  DispatchScene scene(11);
  scene.epoch().policy.bandwidth.start_deadline_ms = 10'000;
  for (v1::Device& device : *scene.epoch().roster.mutable_devices()) {
    if (device.id() == 11) continue;
    device.set_down_bits_per_second(400'000'000);
    device.set_up_bits_per_second(400'000'000);
  }
  std::vector<challenges::PlannedChallenge> plan;
  for (std::uint32_t q = 0; q < 20; ++q) {
    plan.push_back(Planned(100 + 1000 * q, 1 + q % 10, v1::BANDWIDTH, q));
    if (q == 5) plan.push_back(Planned(100 + 1000 * q, 11, v1::BANDWIDTH));
  }
  scene.Begin(plan);
  scene.RunFor(60'000);
  const v1::ChallengeClosed* closed = scene.Closed(11, v1::BANDWIDTH);
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->verdict(), v1::PASS) << closed->ShortDebugString();
  EXPECT_LE(closed->bandwidth().tests(0).waited_ms(), 3300u) << "one test's time";
}

TEST(DispatcherLine, LetsNoDeviceHoldTheConnectionThatOpensAndEndsNothing) {
  DispatchScene scene(2);
  scene.client.behaviour(1).silent_after_test = true;
  scene.epoch().policy.bandwidth.start_deadline_ms = 3500;
  scene.Begin({Planned(100, 1, v1::BANDWIDTH), Planned(110, 2, v1::BANDWIDTH)});
  scene.RunFor(30'000);
  EXPECT_EQ(scene.Closed(1, v1::BANDWIDTH)->reason(), v1::TIMED_OUT);
  EXPECT_EQ(scene.Closed(2, v1::BANDWIDTH)->verdict(), v1::PASS);
}

}  // namespace
}  // namespace kaisar::testing
