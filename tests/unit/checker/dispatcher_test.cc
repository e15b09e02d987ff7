// What falls due is issued, sent, answered, judged and closed, in that order and durably.
#include "checker/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/checker/dispatch_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<v1::Record::BodyCase> BodiesOf(const HeldLog& log) {
  std::vector<v1::Record::BodyCase> bodies;
  for (const v1::Record& record : log.records()) bodies.push_back(record.body_case());
  return bodies;
}

TEST(Dispatcher, PassesAnHonestDeviceOnBothKinds) {
  DispatchScene scene(1);
  scene.Begin({Planned(100, 1, v1::LATENCY), Planned(300, 1, v1::MATMUL)});
  scene.RunFor(2000);
  ASSERT_THAT(scene.outcomes, SizeIs(2));
  for (const v1::ChallengeClosed& closed : scene.outcomes) {
    EXPECT_EQ(closed.verdict(), v1::PASS) << closed.ShortDebugString();
    EXPECT_EQ(closed.transport(), v1::COMPLETED);
  }
  EXPECT_TRUE(scene.dispatcher->finished());
  EXPECT_EQ(scene.Closed(1, v1::LATENCY)->sent_ms(), 100u);
  EXPECT_EQ(scene.Closed(1, v1::LATENCY)->elapsed_ms(), 40u);
  EXPECT_EQ(scene.Closed(1, v1::MATMUL)->elapsed_ms(), 33u);
}

TEST(Dispatcher, WritesIssuedThenCommitmentThenClosedThenTheDescription) {
  DispatchScene scene(1);
  scene.Begin({Planned(100, 1, v1::MATMUL)});
  scene.RunFor(2000);
  EXPECT_THAT(BodiesOf(scene.log),
              ::testing::ElementsAre(v1::Record::kIssued, v1::Record::kCommitment,
                                     v1::Record::kClosed, v1::Record::kDescribed));
}

TEST(Dispatcher, SendsNothingBeforeItIsDue) {
  DispatchScene scene(1);
  scene.Begin({Planned(100, 1, v1::LATENCY)});
  scene.RunFor(99);
  EXPECT_THAT(scene.client.sent(), IsEmpty());
  EXPECT_THAT(scene.log.records(), IsEmpty());
  scene.RunFor(1);
  EXPECT_THAT(scene.client.sent(), SizeIs(1));
}

TEST(Dispatcher, SendsAChallengeOnlyOnceItIsDurable) {
  DispatchScene scene(1);
  scene.log.held = true;
  scene.Begin({Planned(100, 1, v1::LATENCY), Planned(100, 1, v1::MATMUL)});
  scene.RunFor(200);
  EXPECT_EQ(scene.log.pending(), 2u);
  EXPECT_THAT(scene.client.sent(), IsEmpty());
  scene.log.Release();
  scene.Settle();
  EXPECT_THAT(scene.client.sent(), SizeIs(2));
}

TEST(Dispatcher, DrawsSamplesOnlyOnceTheCommitmentIsDurable) {
  DispatchScene scene(1);
  scene.Begin({Planned(100, 1, v1::MATMUL)});
  scene.RunFor(110);
  ASSERT_THAT(scene.client.sent(), SizeIs(1));
  scene.log.held = true;
  scene.RunFor(500);
  EXPECT_EQ(scene.log.pending(), 1u);
  EXPECT_THAT(scene.client.sent(), SizeIs(1)) << "samples before the commitment was durable";
  scene.log.Release();
  scene.Settle();
  ASSERT_THAT(scene.client.sent(), SizeIs(2));
  EXPECT_TRUE(scene.client.sent()[1].samples);
}

TEST(Dispatcher, CountsAVerdictOnlyOnceItIsDurable) {
  DispatchScene scene(1);
  scene.Begin({Planned(100, 1, v1::LATENCY)});
  scene.RunFor(110);
  scene.log.held = true;
  scene.RunFor(500);
  EXPECT_EQ(scene.log.pending(), 1u);
  EXPECT_THAT(scene.outcomes, IsEmpty());
  EXPECT_FALSE(scene.dispatcher->finished());
  scene.log.Release();
  scene.Settle();
  EXPECT_THAT(scene.outcomes, SizeIs(1));
  scene.log.held = false;
  scene.RunFor(10);  // it describes itself
  EXPECT_TRUE(scene.dispatcher->finished());
}

// A full disk at every record in turn: whatever was sent is in the log.
TEST(Dispatcher, SendsNothingThatAFullDiskDidNotKeep) {
  for (std::uint64_t fails_from = 0; fails_from < 8; ++fails_from) {
    DispatchScene scene(2);
    scene.log.fails_from = fails_from;
    scene.Begin({Planned(100, 1, v1::LATENCY), Planned(150, 1, v1::MATMUL),
                 Planned(150, 2, v1::MATMUL), Planned(400, 2, v1::LATENCY)});
    scene.RunFor(3000);
    EXPECT_EQ(scene.dispatcher->status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_TRUE(scene.dispatcher->finished());
    std::size_t issued = 0;
    std::size_t committed = 0;
    std::size_t closed = 0;
    for (const v1::Record& record : scene.log.records()) {
      issued += record.has_issued();
      committed += record.has_commitment();
      closed += record.has_closed();
    }
    std::size_t sent = 0;
    std::size_t samples = 0;
    for (const FakeSent& what : scene.client.sent()) ++(what.samples ? samples : sent);
    EXPECT_LE(sent, issued) << "fails from " << fails_from;
    EXPECT_LE(samples, committed) << "fails from " << fails_from;
    EXPECT_EQ(scene.outcomes.size(), closed) << "fails from " << fails_from;
  }
}

TEST(Dispatcher, RunsOneMatmulAtATimeOnADevice) {
  DispatchScene scene(1);
  scene.Begin({Planned(100, 1, v1::MATMUL, 0), Planned(100, 1, v1::MATMUL, 1)});
  scene.RunFor(2000);
  EXPECT_EQ(scene.client.most_matmul_of(1), 1u);
  ASSERT_THAT(scene.outcomes, SizeIs(2));
  EXPECT_EQ(scene.Closed(1, v1::MATMUL, 1)->verdict(), v1::PASS);
  EXPECT_EQ(scene.Closed(1, v1::MATMUL, 1)->sent_ms(), 133u);
}

TEST(Dispatcher, KeepsToItsLimitOfMatmulsInFlight) {
  DispatchScene scene(8);
  scene.limits.most_matmul_in_flight = 3;
  std::vector<challenges::PlannedChallenge> plan;
  for (std::uint32_t id = 1; id <= 8; ++id) plan.push_back(Planned(100, id, v1::MATMUL));
  scene.Begin(plan);
  scene.RunFor(2000);
  EXPECT_EQ(scene.client.most_matmul_at_once(), 3u);
  ASSERT_THAT(scene.outcomes, SizeIs(8));
  for (const v1::ChallengeClosed& closed : scene.outcomes) EXPECT_EQ(closed.verdict(), v1::PASS);
}

TEST(Dispatcher, LetsNoSlowDeviceDelayAnother) {
  DispatchScene scene(4);
  scene.limits.most_matmul_in_flight = 2;
  scene.client.behaviour(1).silent = true;
  std::vector<challenges::PlannedChallenge> plan;
  for (std::uint32_t due = 100; due < 3000; due += 100) {
    for (std::uint32_t id = 1; id <= 4; ++id) {
      plan.push_back(Planned(due, id, v1::LATENCY, due / 100));
      if (id != 1 || due == 100) plan.push_back(Planned(due, id, v1::MATMUL, due / 100));
    }
  }
  scene.Begin(plan);
  scene.RunFor(9000);
  ASSERT_THAT(scene.outcomes, SizeIs(plan.size()));
  for (const v1::ChallengeClosed& closed : scene.outcomes) {
    if (closed.device() == 1) continue;
    EXPECT_EQ(closed.verdict(), v1::PASS);
    // Three matmul challenges share the one slot that the silent device leaves them.
    const std::uint64_t most_late_ms = closed.kind() == v1::MATMUL ? 75 : 0;
    EXPECT_LE(closed.sent_ms(), closed.due_ms() + most_late_ms);
  }
}

TEST(Dispatcher, StopsSendingWhenAsked) {
  DispatchScene scene(2);
  scene.client.behaviour(2).silent = true;
  scene.Begin(
      {Planned(100, 1, v1::LATENCY), Planned(100, 2, v1::MATMUL), Planned(110, 1, v1::LATENCY, 1)});
  scene.RunFor(105);
  scene.dispatcher->Stop();
  EXPECT_FALSE(scene.dispatcher->finished());
  scene.RunFor(scene.limits.stop_ms);
  EXPECT_TRUE(scene.dispatcher->finished());
  EXPECT_THAT(scene.client.sent(), SizeIs(2));
  ASSERT_THAT(scene.outcomes, SizeIs(1));
  EXPECT_EQ(scene.outcomes[0].verdict(), v1::PASS);
}

}  // namespace
}  // namespace kaisar::testing
