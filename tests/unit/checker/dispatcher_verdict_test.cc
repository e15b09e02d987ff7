// The verdicts that depend on what the dispatcher records: a device's failures, and our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checker/dispatcher.h"
#include "tests/unit/checker/dispatch_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

v1::ChallengeClosed RunOne(DispatchScene& scene, v1::Kind kind) {
  scene.Begin({Planned(100, 1, kind)});
  scene.RunFor(10'000);
  return scene.outcomes.size() == 1 ? scene.outcomes[0] : v1::ChallengeClosed();
}

struct Case {
  const char* name;
  void (*misbehave)(FakeBehaviour&);
  v1::Kind kind;
  v1::Verdict verdict;
  v1::Reason reason;
};

class DeviceFailure : public ::testing::TestWithParam<Case> {};

TEST_P(DeviceFailure, HasItsReason) {
  DispatchScene scene(2);
  GetParam().misbehave(scene.client.behaviour(1));
  const v1::ChallengeClosed closed = RunOne(scene, GetParam().kind);
  EXPECT_EQ(closed.verdict(), GetParam().verdict) << closed.ShortDebugString();
  EXPECT_EQ(closed.reason(), GetParam().reason) << closed.ShortDebugString();
}

INSTANTIATE_TEST_SUITE_P(
    Dispatcher, DeviceFailure,
    ::testing::Values(Case{"Unreachable", [](FakeBehaviour& b) { b.reachable = false; },
                           v1::LATENCY, v1::FAIL, v1::UNREACHABLE},
                      Case{"SilentOnPings", [](FakeBehaviour& b) { b.silent = true; }, v1::LATENCY,
                           v1::FAIL, v1::TIMED_OUT},
                      Case{"SilentOnMatmul", [](FakeBehaviour& b) { b.silent = true; }, v1::MATMUL,
                           v1::FAIL, v1::TIMED_OUT},
                      Case{"Declines", [](FakeBehaviour& b) { b.declines = true; }, v1::MATMUL,
                           v1::FAIL, v1::REFUSED},
                      Case{"ForgesTranscript", [](FakeBehaviour& b) { b.forges_signatures = true; },
                           v1::LATENCY, v1::FAIL, v1::SIGNATURE_INVALID},
                      Case{"ForgesCommitment", [](FakeBehaviour& b) { b.forges_signatures = true; },
                           v1::MATMUL, v1::FAIL, v1::SIGNATURE_INVALID},
                      Case{"CommitsLate", [](FakeBehaviour& b) { b.compute_ms = 2500; }, v1::MATMUL,
                           v1::FAIL, v1::COMMITMENT_LATE},
                      Case{"CommitsToTooFewRoots", [](FakeBehaviour& b) { b.short_roots = true; },
                           v1::MATMUL, v1::FAIL, v1::MALFORMED},
                      Case{"KeepsTheOpening",
                           [](FakeBehaviour& b) { b.mute_after_commitment = true; }, v1::MATMUL,
                           v1::FAIL, v1::OPENING_REFUSED},
                      Case{"OpensSomethingElse", [](FakeBehaviour& b) { b.changes_opening = true; },
                           v1::MATMUL, v1::FAIL, v1::PROOF_INVALID}),
    [](const auto& which) { return which.param.name; });

TEST(Dispatcher, IsOfflineWhenNothingAtAllIsReachable) {
  DispatchScene scene(2);
  scene.client.behaviour(1).reachable = false;
  scene.prober.online = false;
  const v1::ChallengeClosed closed = RunOne(scene, v1::LATENCY);
  EXPECT_EQ(closed.reason(), v1::CHECKER_OFFLINE) << closed.ShortDebugString();
  EXPECT_EQ(closed.reachability().devices_heard(), 0u);
  EXPECT_EQ(closed.reachability().endpoints_tried(), 2u);
  EXPECT_EQ(closed.reachability().endpoints_reached(), 0u);
}

TEST(Dispatcher, BlamesTheDeviceWhenAnotherWasHeardMeanwhile) {
  DispatchScene scene(2);
  scene.client.behaviour(1).silent = true;
  scene.prober.online = false;
  scene.Begin({Planned(100, 1, v1::LATENCY), Planned(300, 2, v1::LATENCY)});
  scene.RunFor(5000);
  EXPECT_EQ(scene.Closed(1, v1::LATENCY)->reachability().devices_heard(), 1u);
  EXPECT_EQ(scene.Closed(1, v1::LATENCY)->reason(), v1::TIMED_OUT);
}

TEST(Dispatcher, NeverProbesTheFailedDeviceToJudgeIt) {
  DispatchScene scene(3);
  scene.client.behaviour(1).reachable = false;
  scene.client.behaviour(2).reachable = false;
  scene.Begin({Planned(100, 1, v1::LATENCY), Planned(150, 2, v1::LATENCY)});
  scene.RunFor(3000);
  ASSERT_THAT(scene.prober.probes, SizeIs(2));
  EXPECT_THAT(scene.prober.probes[0], Not(Contains("10.0.0.1:7000")));
  EXPECT_THAT(scene.prober.probes[1], Not(Contains("10.0.0.2:7000")));
  EXPECT_THAT(scene.prober.probes, Each(Contains("192.0.2.1:443")));
}

TEST(Dispatcher, ProbesOnceASecondWhenManyFail) {
  DispatchScene scene(30);
  std::vector<challenges::PlannedChallenge> plan;
  for (std::uint32_t id = 5; id <= 30; ++id) {
    scene.client.behaviour(id).reachable = false;
    plan.push_back(Planned(100 + id, id, v1::LATENCY));
  }
  scene.Begin(plan);
  scene.RunFor(900);
  EXPECT_THAT(scene.outcomes, SizeIs(26));
  EXPECT_THAT(scene.prober.probes, SizeIs(1));
}

TEST(Dispatcher, IsOverloadedWhenTheLogWasTooSlow) {
  DispatchScene scene(1);
  scene.log.held = true;
  scene.Begin({Planned(100, 1, v1::LATENCY)});
  scene.RunFor(700);
  scene.log.held = false;
  scene.log.Release();
  scene.Settle();
  ASSERT_THAT(scene.outcomes, SizeIs(1));
  EXPECT_EQ(scene.outcomes[0].reason(), v1::CHECKER_OVERLOADED);
  EXPECT_EQ(scene.outcomes[0].transport(), v1::NOT_SENT);
  EXPECT_EQ(scene.outcomes[0].sent_ms(), 700u);
  EXPECT_THAT(scene.client.sent(), IsEmpty());
}

TEST(Dispatcher, IsOverloadedWhenItWasAsleep) {
  DispatchScene scene(1);
  scene.Begin({Planned(100, 1, v1::LATENCY), Planned(100, 1, v1::MATMUL)});
  scene.clock.Advance(5000);
  scene.RunFor(10);
  ASSERT_THAT(scene.outcomes, SizeIs(2));
  for (const auto& closed : scene.outcomes) EXPECT_EQ(closed.reason(), v1::CHECKER_OVERLOADED);
  EXPECT_THAT(scene.client.sent(), IsEmpty());
}

// As after SIGSTOP: the devices' answers and the calls' deadlines come together, seconds late.
TEST(Dispatcher, BlamesNoDeviceForCallsDuringWhichItWasHeldUp) {
  DispatchScene scene(3);
  scene.client.behaviour(2).silent = true;
  scene.Begin(
      {Planned(100, 1, v1::MATMUL), Planned(100, 2, v1::LATENCY), Planned(9000, 3, v1::LATENCY)});
  scene.RunFor(110);
  ASSERT_THAT(scene.client.sent(), SizeIs(2));
  scene.clock.Advance(6000);
  scene.RunFor(4000);
  ASSERT_THAT(scene.outcomes, SizeIs(3));
  for (const std::uint32_t held : {1u, 2u}) {
    const v1::ChallengeClosed* closed = scene.Closed(held, held == 1 ? v1::MATMUL : v1::LATENCY);
    EXPECT_EQ(closed->transport(), v1::ABANDONED) << closed->ShortDebugString();
    EXPECT_EQ(closed->reason(), v1::CHECKER_OVERLOADED) << closed->ShortDebugString();
  }
  EXPECT_EQ(scene.Closed(3, v1::LATENCY)->verdict(), v1::PASS) << "it was sent after that";
}

TEST(Dispatcher, IsOverloadedWhenAMatmulWaitsBeyondTheSlack) {
  DispatchScene scene(2);
  scene.limits.most_matmul_in_flight = 1;
  scene.client.behaviour(1).compute_ms = 1500;
  scene.Begin({Planned(100, 1, v1::MATMUL), Planned(100, 2, v1::MATMUL)});
  scene.RunFor(400);
  EXPECT_EQ(scene.dispatcher->figures().waiting, 1u);
  scene.RunFor(300);
  EXPECT_EQ(scene.dispatcher->figures().waiting, 0u);
  ASSERT_NE(scene.Closed(2, v1::MATMUL), nullptr) << "closed when the slack ran out, not later";
  EXPECT_EQ(scene.Closed(2, v1::MATMUL)->reason(), v1::CHECKER_OVERLOADED);
  scene.RunFor(5000);
  EXPECT_EQ(scene.Closed(1, v1::MATMUL)->verdict(), v1::PASS);
}

TEST(Dispatcher, SaysWhenItsClockStepped) {
  for (const std::int64_t step_ms : {900, -900}) {
    DispatchScene scene(1);
    scene.Begin({Planned(1100, 1, v1::LATENCY)});
    scene.RunFor(1110);
    scene.clock.StepWall(step_ms);
    scene.RunFor(2000);
    ASSERT_THAT(scene.outcomes, SizeIs(1));
    EXPECT_EQ(scene.outcomes[0].reason(), v1::CLOCK_STEPPED);
    EXPECT_EQ(scene.outcomes[0].clock_step_ms(), step_ms);
    EXPECT_EQ(scene.outcomes[0].elapsed_ms(), 40u);
  }
}

TEST(Dispatcher, ClosesWhatItMissedAsStopped) {
  DispatchScene scene(1);
  checker::ResumePoint resume;
  resume.closed = {true, false, false, false};
  resume.live_from_ms = 2000;
  scene.clock.Advance(2000);
  scene.Begin({Planned(100, 1, v1::LATENCY, 0), Planned(200, 1, v1::LATENCY, 1),
               Planned(300, 1, v1::MATMUL, 0), Planned(2100, 1, v1::LATENCY, 2)},
              resume);
  scene.RunFor(1000);
  EXPECT_EQ(scene.Closed(1, v1::LATENCY, 0), nullptr) << "closed by the run before";
  EXPECT_EQ(scene.Closed(1, v1::LATENCY, 1)->reason(), v1::STOPPED);
  EXPECT_EQ(scene.Closed(1, v1::MATMUL, 0)->reason(), v1::STOPPED);
  EXPECT_EQ(scene.Closed(1, v1::MATMUL, 0)->sent_ms(), 0u);
  EXPECT_EQ(scene.Closed(1, v1::LATENCY, 2)->verdict(), v1::PASS);
  EXPECT_TRUE(scene.dispatcher->finished());
}

// The clock went back while the checker was down: sent perhaps, so never sent again.
TEST(Dispatcher, NeverSendsAgainWhatARunBeforeIssued) {
  DispatchScene scene(1);
  checker::ResumePoint resume;
  resume.live_from_ms = 50;
  resume.issued[1].issued.set_sequence(1);
  scene.clock.Advance(50);
  scene.Begin({Planned(100, 1, v1::LATENCY, 0), Planned(200, 1, v1::LATENCY, 1),
               Planned(300, 1, v1::LATENCY, 2)},
              resume);
  scene.RunFor(1000);
  EXPECT_EQ(scene.Closed(1, v1::LATENCY, 0)->verdict(), v1::PASS);
  EXPECT_EQ(scene.Closed(1, v1::LATENCY, 1)->reason(), v1::STOPPED);
  EXPECT_EQ(scene.Closed(1, v1::LATENCY, 2)->verdict(), v1::PASS);
  EXPECT_THAT(scene.client.sent(), SizeIs(2));
  EXPECT_THAT(scene.outcomes, SizeIs(3));
}

}  // namespace
}  // namespace kaisar::testing
