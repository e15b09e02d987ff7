#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "kernels/gpu.h"
#include "kernels/host_engine.h"
#include "tests/support/fake_gpu.h"

namespace kaisar::kernels {
namespace {

using ::testing::AllOf;
using testing::FakeGpuControl;
using testing::GpuFaults;
using ::testing::HasSubstr;
using Kind = testing::GpuFaults::Kind;

constexpr std::uint64_t kMemoryBytes = 16 << 20;
constexpr std::uint32_t kSize = 256;
constexpr std::uint32_t kRounds = 5;

bool Never() {
  return false;
}

Digest SeedOf(std::uint8_t byte) {
  Digest seed;
  seed.fill(byte);
  return seed;
}

std::vector<Digest> HostRoots(const Digest& seed, std::uint32_t rounds = kRounds) {
  return (*MakeCpuEngine(1)->Prove(seed, kSize, rounds, Never))->roots();
}

class GpuEngineTest : public ::testing::Test {
 protected:
  using States = absl::StatusOr<std::unique_ptr<ProofStates>>;

  States Prove(const Digest& seed, const std::function<bool()>& cancelled = Never) {
    return engine_->Prove(seed, kSize, kRounds, cancelled);
  }

  /// Proves, and expects the error that a lost GPU gives.
  void ExpectLost(const std::string& driver_error) {
    const States states = Prove(SeedOf(1));
    EXPECT_EQ(states.status().code(), absl::StatusCode::kUnavailable) << states.status();
    EXPECT_THAT(std::string(states.status().message()),
                AllOf(HasSubstr("Simulated GPU"), HasSubstr(driver_error)));
  }

  void ExpectHonest(const Digest& seed) {
    const States states = Prove(seed);
    ASSERT_TRUE(states.ok()) << states.status();
    EXPECT_EQ((*states)->roots(), HostRoots(seed));
  }

  std::shared_ptr<FakeGpuControl> gpu_ = std::make_shared<FakeGpuControl>(kMemoryBytes);
  std::unique_ptr<MatmulEngine> engine_ = MakeGpuEngine(testing::MakeFakeGpu(gpu_), [] {});
};

TEST_F(GpuEngineTest, ProvesAndOpensAsTheHostDoes) {
  const States states = Prove(SeedOf(7));
  ASSERT_TRUE(states.ok()) << states.status();
  EXPECT_EQ((*states)->roots(), HostRoots(SeedOf(7)));
  const auto host_engine = MakeCpuEngine(1);
  const auto host = host_engine->Prove(SeedOf(7), kSize, kRounds, Never);
  const std::vector<StateNode> nodes = {{.state = 5, .level = 0, .index = 255},
                                        {.state = 1, .level = 0, .index = 3}};
  const auto opened = (*states)->Open(nodes);
  const auto expected = (*host)->Open(nodes);
  ASSERT_TRUE(opened.ok()) << opened.status();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_EQ(opened->at(i).elements, expected->at(i).elements);
    EXPECT_EQ(opened->at(i).path, expected->at(i).path);
  }
}

TEST_F(GpuEngineTest, GivesTheMemoryBackWithTheStates) {
  States states = Prove(SeedOf(1));
  ASSERT_TRUE(states.ok());
  EXPECT_EQ(gpu_->Use().works_alive, 1);
  states->reset();
  EXPECT_EQ(gpu_->Use().works_alive, 0);
}

TEST_F(GpuEngineTest, KeepsSeveralRoundsAheadButNotAllOfMany) {
  ASSERT_TRUE(engine_->Prove(SeedOf(1), kSize, 100, Never).ok());
  EXPECT_EQ(gpu_->Use().most_ahead, 64u);
}

TEST_F(GpuEngineTest, RefusesWhatDoesNotFitWithBothFiguresBeforeItTakesAnything) {
  const States states = engine_->Prove(SeedOf(1), 2048, 64, Never);
  EXPECT_EQ(states.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(
      std::string(states.status().message()),
      "a proof of n = 2048, 64 rounds takes 276824064 bytes, Simulated GPU, host has 16777216 "
      "free of 16777216");
  EXPECT_EQ(gpu_->Use().works, 0);
  ExpectHonest(SeedOf(2));
}

TEST_F(GpuEngineTest, RefusesWhenSomebodyElseTakesTheMemoryMeanwhile) {
  gpu_->Order({.memory_is_taken = true});
  const States states = Prove(SeedOf(1));
  EXPECT_EQ(states.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(states.status().message()),
              AllOf(HasSubstr("takes 458752 bytes"), HasSubstr("free of 16777216"),
                    HasSubstr("cudaErrorMemoryAllocation")));
  gpu_->Order({});
  ExpectHonest(SeedOf(2));
}

TEST_F(GpuEngineTest, StopsAGpuThatHangsWhenItIsCancelled) {
  gpu_->Order({.kind = Kind::kHang, .after_rounds = 2});
  int asked = 0;
  const States states = Prove(SeedOf(1), [&asked] { return ++asked > 20; });
  EXPECT_EQ(states.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(gpu_->Use().stops, 1);
  EXPECT_EQ(gpu_->Use().works_alive, 0);
  gpu_->Order({});
  ExpectHonest(SeedOf(2));
}

TEST_F(GpuEngineTest, AsksWhetherItIsCancelledBeforeAnyRound) {
  EXPECT_EQ(Prove(SeedOf(1), [] { return true; }).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(gpu_->Use().most_ahead, 0u);
}

TEST_F(GpuEngineTest, GivesUpWithTheDriversErrorOnceAndAgain) {
  for (const std::uint32_t rounds : {0U, 1U, 4U}) {
    gpu_->Order({.kind = Kind::kEccError, .after_rounds = rounds});
    ExpectLost("cudaErrorECCUncorrectable");
    EXPECT_EQ(gpu_->Use().works_alive, 0);
    const int works = gpu_->Use().works;
    ExpectLost("cudaErrorECCUncorrectable");
    EXPECT_EQ(gpu_->Use().works, works);
  }
}

TEST_F(GpuEngineTest, FailsAnOpeningWhoseGpuIsLost) {
  gpu_->Order({.kind = Kind::kEccError, .in_open = true});
  const States states = Prove(SeedOf(1));
  ASSERT_TRUE(states.ok()) << states.status();
  for (int i = 0; i < 2; ++i) {
    const auto opened = (*states)->Open({{.state = 1, .level = 0, .index = 0}});
    EXPECT_EQ(opened.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(opened.status().message()), HasSubstr("cudaErrorECCUncorrectable"));
  }
}

TEST_F(GpuEngineTest, TakesTheStatesBackWhenItProvesAgainOrEnds) {
  const States first = Prove(SeedOf(1));
  const States second = Prove(SeedOf(2));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(gpu_->Use().works_alive, 1);
  const std::vector<StateNode> nodes = {{.state = 1, .level = 0, .index = 0}};
  EXPECT_EQ((*first)->Open(nodes).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ((*first)->roots(), HostRoots(SeedOf(1)));
  EXPECT_TRUE((*second)->Open(nodes).ok());
  engine_.reset();
  EXPECT_EQ(gpu_->Use().works_alive, 0);
  EXPECT_EQ((*second)->Open(nodes).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(GpuEngineTest, LeavesAnotherGpuAloneWhenOneIsLost) {
  const auto other_gpu = std::make_shared<FakeGpuControl>(kMemoryBytes);
  const auto other = MakeGpuEngine(testing::MakeFakeGpu(other_gpu), [] {});
  gpu_->Order({.kind = Kind::kOffTheBus, .after_rounds = 1});
  std::thread healthy([&other] {
    for (std::uint8_t i = 0; i < 3; ++i) {
      const States states = other->Prove(SeedOf(i), kSize, kRounds, Never);
      ASSERT_TRUE(states.ok()) << states.status();
      EXPECT_EQ((*states)->roots(), HostRoots(SeedOf(i)));
    }
  });
  for (int i = 0; i < 3; ++i) ExpectLost("cudaErrorDevicesUnavailable");
  healthy.join();
}

TEST_F(GpuEngineTest, SaysWhatTheGpuIs) {
  EXPECT_EQ(engine_->Description(), "Simulated GPU, host");
}

}  // namespace
}  // namespace kaisar::kernels
