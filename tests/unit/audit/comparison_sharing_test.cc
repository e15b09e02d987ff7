#include "audit/comparison_sharing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/audit/proof_scene.h"

namespace kaisar::audit {
namespace {

using ::testing::HasSubstr;

/// Two honest owners and two who have one GPU between them: devices 5 and 9.
ProofScene SharedGpu(Turns turns) {
  ProofScene scene;
  scene.owners = {{1, "a"}, {2, "a"}, {3, "b"}, {5, "c"}, {9, "d"}};
  scene.gpus = {{5, 7}, {9, 7}};
  scene.turns = turns;
  return scene;
}

class SharedGpuTest : public ::testing::TestWithParam<Turns> {};

TEST_P(SharedGpuTest, OfTwoProvidersIsFoundHoweverItTakesTurns) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const SharingComparison found = FindSharedHardware(SharedGpu(GetParam()).Play(seed));
    ASSERT_EQ(found.suspected.size(), 1u) << seed;
    EXPECT_EQ(found.suspected[0].first, 5u);
    EXPECT_EQ(found.suspected[0].second, 9u);
    EXPECT_LE(found.suspected[0].together_ppm, kFallenPpm);
    EXPECT_GE(found.suspected[0].apart_ppm, 950'000u);
    ASSERT_EQ(found.findings.size(), 1u);
    EXPECT_EQ(found.findings[0].devices, (std::set<std::uint32_t>{5, 9}));
    EXPECT_THAT(found.findings[0].sentence, HasSubstr("Devices 5 and 9 may share a GPU: "));
    EXPECT_FALSE(found.findings[0].records.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Turns, SharedGpuTest,
                         ::testing::Values(Turns::kSlices, Turns::kFirstFirst, Turns::kLastFirst,
                                           Turns::kLowestDevice));

TEST(FindSharedHardware, NamesOtherDevicesOfTheSameOwnersAsAlike) {
  ProofScene scene = SharedGpu(Turns::kSlices);
  scene.owners[6] = "c";  // honest itself, but always asked when device 5 is
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const SharingComparison found = FindSharedHardware(scene.Play(seed));
    ASSERT_EQ(found.findings.size(), 1u) << seed;
    EXPECT_EQ(found.suspected[0].second, 9u);
    EXPECT_THAT(found.findings[0].sentence, HasSubstr("(or another of their owners'"));
  }
}

TEST(FindSharedHardware, SaysThatTooFewMeetingsTellNothing) {
  ProofScene scene = SharedGpu(Turns::kSlices);
  scene.proofs = 8;
  scene.epoch_ms = 6 * 3'600'000;
  const SharingComparison found = FindSharedHardware(scene.Play(1));
  EXPECT_EQ(found.pairs, 10u);
  EXPECT_EQ(found.pairs_tested, 0u);
  EXPECT_LT(found.most_together, kLeastTogether);
  EXPECT_TRUE(found.findings.empty());
}

TEST(FindSharedHardware, TakesNoFindingFromOneCheckersWordAlone) {
  ProofScene scene = SharedGpu(Turns::kSlices);
  scene.gpus.clear();
  scene.muster = true;
  // Whatever else it challenges at the time, slot 2 says that devices 5 and 9 took four times as
  // long.
  scene.told = [](const Job& job, double taken_ms) {
    const bool lies = job.slot == 2 && (job.device == 5 || job.device == 9);
    return lies ? 4 * taken_ms : taken_ms;
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_TRUE(FindSharedHardware(scene.Play(seed)).findings.empty()) << seed;
  }
}

TEST(FindSharedHardware, FindsTwoThatFallAtTheMusterAmongMany) {
  ProofScene scene;
  scene.proofs = 8;
  scene.epoch_ms = 6 * 3'600'000;
  scene.muster = true;
  for (std::uint32_t device = 0; device < 100; ++device) {
    scene.owners[device] = "owner " + std::to_string(device);
  }
  for (std::uint32_t device = 0; device < 8; ++device) scene.gpus[device] = device / 2;
  const SharingComparison found = FindSharedHardware(scene.Play(1));
  EXPECT_EQ(found.pairs_tested, 0u);
  ASSERT_EQ(found.findings.size(), 1u);
  EXPECT_EQ(found.muster.mustered, 100u);
  EXPECT_EQ(found.findings[0].devices, (std::set<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_THAT(found.findings[0].sentence,
              HasSubstr("At the muster, when all are at work, 8 of 100 "));
}

TEST(FindSharedHardware, BlamesNobodyForAMusterThatOneCheckerWasTooBusyFor) {
  ProofScene scene;
  scene.proofs = 8;
  scene.epoch_ms = 6 * 3'600'000;
  scene.muster = true;
  for (std::uint32_t device = 0; device < 100; ++device) {
    scene.owners[device] = "owner " + std::to_string(device);
  }
  scene.told = [](const Job& job, double taken_ms) {
    return job.muster && job.slot == 3 ? 3 * taken_ms : taken_ms;
  };
  const SharingComparison found = FindSharedHardware(scene.Play(1));
  EXPECT_EQ(found.muster.fallen.size(), 14u);
  EXPECT_TRUE(found.findings.empty());
}

/// Fails for every finding; the number of tests that were made.
std::uint64_t ExpectNothing(const std::vector<CheckerLog>& logs, std::uint64_t seed) {
  const SharingComparison found = FindSharedHardware(logs);
  for (const Finding& finding : found.findings) ADD_FAILURE() << seed << ": " << finding.sentence;
  return found.pairs_tested;
}

/// Honest devices in every kind of trouble of their own: heavy tails, a slow spell, a machine that
/// grows slower, one that is asked in a part of the epoch alone.
ProofScene Troubled() {
  ProofScene scene;
  scene.muster = true;
  scene.owners = {{1, "a"}, {2, "a"}, {3, "b"}, {4, "c"}, {5, "d"}, {6, "e"}, {7, "e"}, {8, "f"}};
  scene.work_ms = [](std::uint32_t device, double at_ms, std::mt19937_64& random) {
    double ms = std::uniform_real_distribution<double>(2'500, 3'500)(random);
    if (std::bernoulli_distribution(0.1)(random)) {
      ms *= 1 + std::exponential_distribution<double>(0.7)(random);
    }
    if (device % 3 == 0 && at_ms < 1'200'000)
      ms *= 2;  // one after the other: both are slow together
    if (device == 4) ms *= 1 + at_ms / 3'600'000;
    return device == 8 ? ms / 10 : ms;
  };
  return scene;
}

TEST(FindSharedHardware, AccusesNoHonestDeviceForItsJitter) {
  std::uint64_t tested = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    std::vector<CheckerLog> logs = Troubled().Play(seed);
    if (seed % 2 == 0) {  // devices 3 and 4 were asked in the first third alone
      for (CheckerLog& log : logs) {
        for (const std::uint32_t device : {3u, 4u}) {
          std::erase_if(log.devices[device].proofs,
                        [](const TimedProof& proof) { return proof.started_ms > 1'200'000; });
        }
      }
    }
    tested += ExpectNothing(logs, seed);
  }
  EXPECT_GT(tested, 1'000u);  // otherwise nothing was tried
}

TEST(FindSharedHardware, AccusesNoDeviceThatWasSlowAllTheTimeThatAnotherWasThere) {
  ProofScene scene;
  scene.owners = {{1, "a"}, {2, "b"}};
  scene.proofs = 48;
  scene.work_ms = [](std::uint32_t device, double at_ms, std::mt19937_64& random) {
    const double ms = std::uniform_real_distribution<double>(1'450, 1'550)(random);
    return device == 1 && at_ms > 2'400'000 ? 2 * ms : ms;
  };
  std::uint64_t tested = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    std::vector<CheckerLog> logs = scene.Play(seed);
    for (CheckerLog& log : logs) {
      std::erase_if(log.devices[2].proofs,
                    [](const TimedProof& proof) { return proof.started_ms < 2'400'000; });
    }
    tested += ExpectNothing(logs, seed);
  }
  EXPECT_GT(tested, 0u);
}

TEST(FindSharedHardware, AccusesNoDeviceForACheckerThatIsSlowWithTwoAtOnce) {
  ProofScene scene;
  scene.owners = {{1, "a"}, {2, "b"}};
  scene.slots = 2;  // so that half of all meetings are of one checker with itself
  scene.proofs = 150;
  scene.told = [](const Job& job, double taken_ms) { return job.beside ? 2 * taken_ms : taken_ms; };
  std::uint64_t tested = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) tested += ExpectNothing(scene.Play(seed), seed);
  EXPECT_GT(tested, 0u);
}

TEST(FindSharedHardware, AccusesNoDeviceForMeetingOthersMoreOftenWhenItIsSlow) {
  ProofScene scene;
  scene.owners = {{1, "a"}, {2, "b"}};
  scene.proofs = 48;
  scene.work_ms = [](std::uint32_t, double, std::mt19937_64& random) {
    return 1'000 * std::lognormal_distribution<double>(0, 1)(random);
  };
  std::uint64_t tested = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) tested += ExpectNothing(scene.Play(seed), seed);
  EXPECT_GT(tested, 0u);
}

}  // namespace
}  // namespace kaisar::audit
