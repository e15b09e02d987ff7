// Epochs whose beginning is somebody else's: what a runner does until it is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "audit/verify.h"
#include "checker/epoch_runner.h"
#include "tests/unit/checker/runner_scene.h"

namespace kaisar::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kChallenges = 6;  // of a device, by the test policy

/// Says what a test told it to say: when an epoch is opened, and who has no part in it.
class ScriptedRegistry final : public checker::Registry {
 public:
  explicit ScriptedRegistry(RunnerScene& scene) : scene_(scene) {}

  checker::EpochGrid grid() const override {
    return {RunnerScene::kGenesisMs, RunnerScene::kEpochMs};
  }
  absl::StatusOr<std::optional<checker::EpochStart>> Begin(std::uint32_t epoch) override {
    ++asked;
    if (refused.contains(epoch)) return refused.at(epoch);
    const std::uint64_t begin_ms = RunnerScene::kGenesisMs + epoch * RunnerScene::kEpochMs;
    if (scene_.clock.WallMs() < begin_ms + known_after_ms) return std::nullopt;
    checker::EpochStart start;
    start.beacon.fill(static_cast<std::uint8_t>(0x40 + epoch));
    start.beacon_ms = begin_ms + 1000;
    start.roster = scene_.roster;
    return start;
  }
  void Recheck(std::uint32_t, const Digest& beacon) override { rechecked.push_back(beacon[0]); }

  std::uint64_t known_after_ms = 0;
  std::map<std::uint32_t, absl::Status> refused;
  std::vector<int> rechecked;
  int asked = 0;

 private:
  RunnerScene& scene_;
};

struct RegistryScene : RunnerScene {
  explicit RegistryScene(std::uint32_t devices) : RunnerScene(devices) {
    auto made = std::make_unique<ScriptedRegistry>(*this);
    script = made.get();
    registry = std::move(made);
  }
  ScriptedRegistry* script = nullptr;
};

void ExpectAuditorAccepts(const RunnerScene& scene, std::uint32_t epoch) {
  const auto verified = audit::Verify(scene.LogPath(epoch), scene.ReportPath(epoch));
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_THAT(verified->differences, IsEmpty());
}

std::size_t Stopped(const std::vector<v1::Record>& records) {
  std::size_t stopped = 0;
  for (const v1::Record& record : records) stopped += record.closed().reason() == v1::STOPPED;
  return stopped;
}

TEST(EpochRunner, CountsDueTimesFromTheBeaconOfTheRegistry) {
  RegistryScene scene(2);
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  const v1::EpochOpened opened = scene.Records(0)[0].epoch_opened();
  EXPECT_EQ(opened.beacon_ms(), RunnerScene::kGenesisMs + 1000);
  EXPECT_EQ(opened.beacon()[0], 0x40);
  EXPECT_EQ(opened.epoch_end_ms(), RunnerScene::kGenesisMs + RunnerScene::kEpochMs);
  EXPECT_EQ(scene.entropy.calls, 0);
}

TEST(EpochRunner, WaitsUntilTheEpochIsOpened) {
  RegistryScene scene(2);
  scene.script->known_after_ms = 5000;
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  ASSERT_THAT(scene.results, SizeIs(1));
  EXPECT_EQ(scene.results[0].report.report.epoch, 0u);
  EXPECT_GE(scene.script->asked, 5);
  for (const FakeSent& sent : scene.client.sent()) {
    EXPECT_GE(sent.wall_ms, RunnerScene::kGenesisMs + 5000);
  }
  ExpectAuditorAccepts(scene, 0);
}

// What was due before the epoch was known to be open can be nobody's failure.
TEST(EpochRunner, RecordsAsStoppedWhatWasDueBeforeItKnewTheBeacon) {
  RegistryScene scene(2);
  scene.script->known_after_ms = 11'000;
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  const std::vector<v1::Record> records = scene.Records(0);
  EXPECT_GT(Stopped(records), 0u);
  EXPECT_LT(Stopped(records), 2 * kChallenges);
  EXPECT_EQ(scene.outcomes, 2 * kChallenges);
  ExpectAuditorAccepts(scene, 0);
}

TEST(EpochRunner, GoesOnToTheNextEpochWhenOneIsNeverOpened) {
  RegistryScene scene(1);
  scene.script->known_after_ms = 2 * RunnerScene::kEpochMs;
  scene.on_wait = [&](checker::EpochRunner&) {
    if (scene.clock.WallMs() >= RunnerScene::kGenesisMs + RunnerScene::kEpochMs) {
      scene.script->known_after_ms = 0;
    }
  };
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_FALSE(scene.Exists(scene.LogPath(0)));
  EXPECT_TRUE(scene.Exists(scene.ReportPath(1)));
}

TEST(EpochRunner, TellsOnceAnEpochWhyItHasNoPartInItAndGoesOn) {
  RegistryScene scene(1);
  scene.script->refused[0] = absl::FailedPreconditionError("slot 0 is active from epoch 1 on");
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  std::vector<std::string> told;
  for (const std::string& notice : scene.notices) {
    if (notice.find("no part") != std::string::npos) told.push_back(notice);
  }
  EXPECT_THAT(told, ElementsAre("no part in epoch 0: slot 0 is active from epoch 1 on"));
  EXPECT_FALSE(scene.Exists(scene.LogPath(0)));
  EXPECT_TRUE(scene.Exists(scene.ReportPath(1)));
}

TEST(EpochRunner, EndsWhenTheRegistryFailsForGood) {
  RegistryScene scene(1);
  scene.script->refused[0] = absl::InternalError("no entropy");
  EXPECT_EQ(scene.Run().code(), absl::StatusCode::kInternal);
}

TEST(EpochRunner, StopsWhileItWaitsForAnOpening) {
  RegistryScene scene(1);
  scene.script->known_after_ms = 10'000;
  scene.on_wait = [&](checker::EpochRunner& runner) {
    if (scene.clock.WallMs() >= RunnerScene::kGenesisMs + 3000) runner.RequestStop();
  };
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.results, IsEmpty());
  EXPECT_LE(scene.clock.WallMs(), RunnerScene::kGenesisMs + 5000);
}

// Asking takes one request for each 100 devices and slots of the network, and more.
TEST(EpochRunner, DoesNotAskAgainAndAgainWhileThereIsNoRoom) {
  RegistryScene scene(1);
  scene.free_bytes = 0;
  scene.on_wait = [&](checker::EpochRunner&) {
    if (scene.clock.WallMs() >= RunnerScene::kGenesisMs + 10'000) scene.free_bytes = 1ull << 40;
  };
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_THAT(scene.no_room, SizeIs(::testing::Ge(5)));
  EXPECT_EQ(scene.script->asked, 2) << "what the log takes, and how it stands once there is room";
  ExpectAuditorAccepts(scene, 0);
}

// A restart needs no registry: an epoch that has begun goes on with what its log says.
TEST(EpochRunner, GoesOnAfterARestartThoughTheRegistryIsSilent) {
  RegistryScene scene(2);
  scene.life.appends_left = 3;
  EXPECT_FALSE(scene.Run().ok());
  scene.life.appends_left = ~0ull;
  const int asked = scene.script->asked;
  scene.script->known_after_ms = 10 * RunnerScene::kEpochMs;
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  EXPECT_EQ(scene.script->asked, asked);
  ASSERT_THAT(scene.results, SizeIs(1));
  ExpectAuditorAccepts(scene, 0);
}

TEST(EpochRunner, LooksAgainAtTheBeaconOfEachEpochThatItReports) {
  RegistryScene scene(1);
  ASSERT_EQ(scene.Run(2), absl::OkStatus());
  EXPECT_THAT(scene.script->rechecked, ElementsAre(0x40, 0x41));
}

TEST(EpochRunner, ReportsWhatTheHookMakesOfTheLog) {
  RegistryScene scene(2);
  scene.make_report = [](const std::string& path) {
    auto made = audit::MakeReport(path);
    if (made.ok()) made->scores[0].score = 7;
    if (made.ok()) made->report.words = audit::PackScores(made->scores);
    return made;
  };
  ASSERT_EQ(scene.Run(), absl::OkStatus());
  const auto scores = audit::UnpackScores(scene.results[0].report.report.words);
  ASSERT_TRUE(scores.ok());
  EXPECT_EQ((*scores)[0].score, 7);
}

}  // namespace
}  // namespace kaisar::testing
