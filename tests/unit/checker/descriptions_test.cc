// Devices are asked what they say of themselves when nothing is left to disturb; whatever comes is
// kept, and moves nothing.
#include "checker/descriptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "audit/verify.h"
#include "kaisar/v1/device.pb.h"
#include "kaisar/v1/provider.pb.h"
#include "tests/unit/checker/dispatch_scene.h"
#include "tests/unit/checker/runner_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::map<std::uint32_t, v1::DeviceDescribed> DescribedIn(const std::vector<v1::Record>& records) {
  std::map<std::uint32_t, v1::DeviceDescribed> described;
  for (const v1::Record& record : records) {
    if (!record.has_described()) continue;
    EXPECT_TRUE(described.emplace(record.described().device(), record.described()).second)
        << "device " << record.described().device() << " described twice";
  }
  return described;
}

std::string BackendIn(const v1::DeviceDescribed& described) {
  v1::DeviceDescription description;
  EXPECT_TRUE(description.ParseFromString(described.description()));
  return description.backend();
}

/// The only description of a device that answers like this.
v1::DeviceDescribed Answering(const std::string& response) {
  DispatchScene scene(1);
  scene.client.behaviour(1).response = response;
  scene.Begin({Planned(100, 1, v1::LATENCY)});
  scene.RunFor(300);
  EXPECT_TRUE(scene.dispatcher->finished());
  return DescribedIn(scene.log.records())[1];
}

TEST(Descriptions, AreAskedForOnceTheLastChallengeIsClosed) {
  DispatchScene scene(1);
  scene.Begin({Planned(100, 1, v1::LATENCY), Planned(300, 1, v1::MATMUL),
               Planned(5000, 1, v1::LATENCY, 1)});
  scene.RunFor(4999);
  EXPECT_THAT(scene.client.asked(), IsEmpty());
  scene.RunFor(41);
  ASSERT_THAT(scene.client.asked(), SizeIs(1));
  EXPECT_EQ(scene.client.asked()[0].deadline_ms, 5000u);
  EXPECT_FALSE(scene.dispatcher->finished());
  scene.RunFor(5);
  EXPECT_TRUE(scene.dispatcher->finished());
  const v1::DeviceDescribed described = DescribedIn(scene.log.records())[1];
  EXPECT_EQ(described.transport(), v1::COMPLETED);
  EXPECT_EQ(described.asked_ms(), 5040u);
  EXPECT_EQ(described.software(), "fake");
  EXPECT_EQ(described.detail(), "");
  EXPECT_EQ(BackendIn(described), "said by 1");
}

TEST(Descriptions, AreAskedForOnceAtAnEndpointThatSeveralDevicesShare) {
  DispatchScene scene(4);
  v1::Roster& roster = scene.epoch().roster;
  for (const int i : {1, 2}) roster.mutable_devices(i)->set_endpoint("10.0.0.9:7000");
  roster.mutable_devices(2)->set_tls_pin(roster.devices(1).tls_pin());
  roster.mutable_devices(3)->set_endpoint("10.0.0.9:7000");  // with another key
  scene.Begin({Planned(100, 2, v1::LATENCY), Planned(200, 1, v1::LATENCY),
               Planned(1000, 3, v1::LATENCY), Planned(2000, 4, v1::LATENCY)});
  scene.RunFor(2100);
  ASSERT_THAT(scene.client.asked(), SizeIs(3));
  EXPECT_EQ(scene.client.asked()[0].device, 1u);
  EXPECT_EQ(scene.client.asked()[1].device, 3u);
  EXPECT_GE(scene.client.asked()[1].wall_ms, DispatchScene::kBeaconMs + 1040);
  EXPECT_EQ(scene.client.asked()[2].device, 4u);
  const auto described = DescribedIn(scene.log.records());
  ASSERT_THAT(described, SizeIs(4));
  // The fake speaks for every device; only those at its own endpoint and key are listened to.
  EXPECT_EQ(BackendIn(described.at(1)), "said by 1");
  EXPECT_EQ(BackendIn(described.at(2)), "said by 3");
  EXPECT_EQ(BackendIn(described.at(3)), "said by 3");
  EXPECT_EQ(BackendIn(described.at(4)), "said by 4");
}

// A test may wait for its line until the end of the epoch; and it is none of the things that a
// kilobyte disturbs.
TEST(Descriptions, WaitForNoBandwidthTest) {
  DispatchScene scene(2);
  scene.Begin({Planned(100, 1, v1::BANDWIDTH), Planned(200, 1, v1::LATENCY),
               Planned(300, 2, v1::BANDWIDTH)});
  scene.RunFor(250);
  ASSERT_THAT(scene.client.asked(), SizeIs(2));
  EXPECT_EQ(scene.client.asked()[0].device, 2u);
  EXPECT_EQ(scene.client.asked()[1].device, 1u);
  EXPECT_EQ(scene.client.asked()[1].wall_ms, DispatchScene::kBeaconMs + 240);
  scene.RunFor(30'000);
  EXPECT_TRUE(scene.dispatcher->finished());
  EXPECT_EQ(scene.Closed(1, v1::BANDWIDTH)->verdict(), v1::PASS);
  EXPECT_EQ(scene.Closed(2, v1::BANDWIDTH)->verdict(), v1::PASS);
  EXPECT_THAT(DescribedIn(scene.log.records()), SizeIs(2));
}

TEST(Descriptions, OfWhoNeverAnswersSaySoAndHoldUpNobody) {
  DispatchScene scene(2);
  scene.client.behaviour(1).describe_ms = 3'600'000;
  scene.Begin({Planned(100, 1, v1::LATENCY), Planned(140, 2, v1::LATENCY),
               Planned(1000, 2, v1::MATMUL), Planned(3000, 2, v1::LATENCY, 1)});
  scene.RunFor(3100);
  ASSERT_THAT(scene.outcomes, SizeIs(4));
  for (const v1::ChallengeClosed& closed : scene.outcomes) {
    EXPECT_EQ(closed.verdict(), v1::PASS);
    EXPECT_EQ(closed.sent_ms(), closed.due_ms());
  }
  scene.RunFor(3000);
  EXPECT_TRUE(scene.dispatcher->finished());
  const auto described = DescribedIn(scene.log.records());
  EXPECT_EQ(described.at(1).transport(), v1::DEADLINE);
  EXPECT_EQ(described.at(1).detail(), "no answer");
  EXPECT_EQ(described.at(2).transport(), v1::COMPLETED);
}

TEST(Descriptions, AreAskedForUntilTheEndOfTheEpochOnly) {
  DispatchScene scene(2);
  scene.client.behaviour(1).describe_ms = 3'600'000;
  scene.client.behaviour(2).silent = true;
  scene.Begin({Planned(59'000, 1, v1::LATENCY), Planned(59'500, 2, v1::LATENCY)});
  scene.RunFor(61'000);
  EXPECT_TRUE(scene.dispatcher->finished());
  ASSERT_THAT(scene.client.asked(), SizeIs(1));  // device 2 was closed after the end
  EXPECT_EQ(scene.client.asked()[0].deadline_ms, 960u);
  EXPECT_THAT(DescribedIn(scene.log.records()), SizeIs(1));
}

TEST(Descriptions, OfGarbageSayThatItIs) {
  const v1::DeviceDescribed described = Answering(std::string(5000, '\xff'));
  EXPECT_EQ(described.transport(), v1::COMPLETED);
  EXPECT_EQ(described.detail(), "the answer of 5000 bytes is no protobuf message");
  EXPECT_EQ(described.description(), "");
}

TEST(Descriptions, OfNobodySaySo) {
  EXPECT_EQ(Answering("").detail(), "the answer has no device 1");
}

TEST(Descriptions, ThatAreTooLongAreCutOff) {
  v1::DescribeResponse response;
  response.set_software(std::string(1000, '\x1b'));
  response.add_devices()->set_id(1);
  response.mutable_devices(0)->set_backend(std::string(10'000, '\n'));
  const std::string entry = response.devices(0).SerializeAsString();
  const v1::DeviceDescribed described = Answering(response.SerializeAsString());
  EXPECT_EQ(described.description(), entry.substr(0, 4096));
  EXPECT_THAT(described.detail(), HasSubstr("bytes, limit 4096; the rest is cut off"));
  EXPECT_EQ(described.software(), std::string(128, '?'));
}

TEST(Descriptions, OfHostileContentAreKeptAsTheyCame) {
  const std::string entry = std::string("\x08\x01\x12\x03\xff\x1b\x00", 7);
  const v1::DeviceDescribed described = Answering(std::string("\x12\x07") + entry);
  EXPECT_EQ(described.description(), entry);
}

TEST(Descriptions, WaitForNoStop) {
  DispatchScene scene(1);
  scene.client.behaviour(1).describe_ms = 4000;
  scene.Begin({Planned(100, 1, v1::LATENCY)});
  scene.RunFor(200);
  ASSERT_THAT(scene.client.asked(), SizeIs(1));
  scene.dispatcher->Stop();
  EXPECT_TRUE(scene.dispatcher->finished());
  scene.dispatcher.reset();
  scene.clock.Advance(5000);  // the answer finds nobody
}

TEST(Descriptions, ThatCannotBeLoggedEndTheEpochAsEveryRecordDoes) {
  DispatchScene scene(1);
  scene.log.fails_from = 2;
  scene.Begin({Planned(100, 1, v1::LATENCY)});
  scene.RunFor(1000);
  EXPECT_EQ(scene.dispatcher->status().code(), absl::StatusCode::kResourceExhausted);
}

// A run that ends after every record in turn: each device is in the log once, whatever is asked.
TEST(Descriptions, AreInTheLogOnceWhereverARunEnds) {
  RunnerScene whole(3);
  ASSERT_EQ(whole.Run(), absl::OkStatus());
  EXPECT_THAT(DescribedIn(whole.Records(0)), SizeIs(3));
  const std::uint64_t appends = whole.life.appends;
  for (std::uint64_t kept = appends - 8; kept < appends; ++kept) {
    SCOPED_TRACE(kept);
    RunnerScene scene(3);
    for (v1::Device& device : *scene.roster.mutable_devices()) {
      device.set_endpoint("10.0.0.1:7000");
      device.set_tls_pin(std::string(32, '\1'));
    }
    scene.life.appends_left = kept;
    EXPECT_FALSE(scene.Run().ok());
    const std::size_t asked = scene.client.asked().size();
    scene.life.appends_left = ~0ull;
    ASSERT_EQ(scene.Run(), absl::OkStatus());
    EXPECT_THAT(DescribedIn(scene.Records(0)), SizeIs(3));
    EXPECT_LE(scene.client.asked().size(), asked + 1);
  }
}

TEST(Descriptions, AreNotAskedForAgainAfterARestart) {
  RunnerScene scene(2);
  scene.on_wait = [&](checker::EpochRunner& runner) {
    if (scene.client.asked().size() == 2 &&
        scene.clock.WallMs() > scene.client.asked()[1].wall_ms + 50) {
      runner.RequestStop();
    }
  };
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_FALSE(scene.Exists(scene.ReportPath(0)));
  scene.on_wait = nullptr;
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.client.asked(), SizeIs(2));
  EXPECT_THAT(DescribedIn(scene.Records(0)), SizeIs(2));
}

// The same epoch, whatever devices say of themselves and whether they say it.
TEST(Descriptions, MoveNoScoreOfAnEpoch) {
  std::vector<Digest> words;
  for (const int way : {0, 1, 2, 3}) {
    SCOPED_TRACE(way);
    RunnerScene scene(2);
    for (const std::uint32_t id : {1u, 2u}) {
      FakeBehaviour& behaviour = scene.client.behaviour(id);
      behaviour.rtt_us = 90'000 * id;
      behaviour.latency_ms = 800;
      if (way == 1) behaviour.describe_ms = 3'600'000;
      if (way == 2) behaviour.response = std::string(300'000, '\xff');
      if (way == 3) behaviour.response = "";
    }
    ASSERT_EQ(scene.Run(), absl::OkStatus());
    ASSERT_THAT(scene.results, SizeIs(1));
    if (way == 0) words = scene.results[0].report.report.words;
    EXPECT_EQ(scene.results[0].report.report.words, words);
    EXPECT_EQ(DescribedIn(scene.Records(0)).at(1).description().empty(), way != 0);
    const auto verified = audit::Verify(scene.LogPath(0), scene.ReportPath(0));
    ASSERT_TRUE(verified.ok()) << verified.status();
    EXPECT_THAT(verified->differences, IsEmpty());
    EXPECT_THAT(verified->descriptions, SizeIs(2));
  }
}

}  // namespace
}  // namespace kaisar::testing
