#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <cstdio>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "challenges/matmul/check.h"
#include "challenges/matmul/prover.h"
#include "kernels/cuda/cuda_gpu.h"
#include "kernels/gpu.h"
#include "kernels/host_engine.h"
#include "tests/gpu/round_fixture.h"

namespace kaisar::kernels {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<MatmulEngine> OpenCpuEngine() {
  return MakeCpuEngine(static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
}

bool Never() {
  return false;
}

// Every level of the tree over every state, at both ends and between.
std::vector<StateNode> NodesOfEveryLevel(std::uint32_t n, std::uint32_t rounds) {
  std::vector<StateNode> nodes;
  std::uint64_t width = std::uint64_t{n} * n / (n < 1024 ? n : 1024);
  for (std::uint32_t level = 0; width > 0; ++level, width /= 2) {
    for (std::uint32_t state = 1; state <= rounds; ++state) {
      for (const std::uint64_t index : {std::uint64_t{0}, width / 3, width - 1}) {
        nodes.push_back({state, level, index});
      }
    }
  }
  return nodes;
}

// Roots, and all of the opened nodes, of the same seed.
void ExpectTheSameProof(MatmulEngine& engine, std::uint32_t n, std::uint32_t rounds) {
  const Digest seed = RandomSeed();
  SCOPED_TRACE(testing::Message() << "n = " << n << ", " << rounds << " rounds, seed "
                                  << ToHex(seed));
  const auto expected = OpenCpuEngine()->Prove(seed, n, rounds, Never);
  const auto found = engine.Prove(seed, n, rounds, Never);
  ASSERT_TRUE(expected.ok()) << expected.status();
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ((*expected)->roots(), (*found)->roots());
  const std::vector<StateNode> nodes = NodesOfEveryLevel(n, rounds);
  const auto right = (*expected)->Open(nodes);
  const auto opened = (*found)->Open(nodes);
  ASSERT_TRUE(right.ok()) << right.status();
  ASSERT_TRUE(opened.ok()) << opened.status();
  ASSERT_EQ(right->size(), opened->size());
  for (std::size_t i = 0; i < right->size(); ++i) {
    SCOPED_TRACE(testing::Message() << "state " << nodes[i].state << ", level " << nodes[i].level
                                    << ", index " << nodes[i].index);
    ASSERT_TRUE((*right)[i].elements == (*opened)[i].elements);
    ASSERT_TRUE((*right)[i].path == (*opened)[i].path);
  }
}

// Whole proofs on each path that the GPU runs.
class EngineOnGpu : public GpuTest, public testing::WithParamInterface<RoundPath> {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (!Runs(GetParam(), ComputeCapability())) GTEST_SKIP() << "not a path of this GPU";
    auto gpu = MakeCudaGpu(0, GetParam());
    ASSERT_TRUE(gpu.ok()) << gpu.status();
    engine_ = MakeGpuEngine(*std::move(gpu));
  }

  MatmulEngine& engine() { return *engine_; }

 private:
  std::unique_ptr<MatmulEngine> engine_;
};

TEST_P(EngineOnGpu, ProvesWhatTheCpuProves) {
  for (const std::uint32_t n : Sizes(4096)) {
    ExpectTheSameProof(engine(), n, n <= 512 ? 64 : n <= 1024 ? 8 : 2);
  }
}

TEST_P(EngineOnGpu, OpensWhatTheCheckerAccepts) {
  for (const std::uint32_t n : Sizes(8192)) {
    const challenges::MatmulShape shape{n, 16};
    const Digest seed = RandomSeed();
    SCOPED_TRACE(testing::Message() << "n = " << n << ", seed " << ToHex(seed));
    const auto proof = challenges::MatmulProof::Compute(seed, shape, engine(), Never);
    ASSERT_TRUE(proof.ok()) << proof.status();
    challenges::MatmulClaim claim{seed, shape, (*proof)->roots(), {}};
    challenges::Stream draws(RandomSeed());
    for (int i = 0; i < 64; ++i) {
      claim.samples.push_back({static_cast<std::uint32_t>(draws.Draw(shape.rounds)),
                               static_cast<std::uint32_t>(draws.Draw(n)),
                               static_cast<std::uint32_t>(draws.Draw(n))});
    }
    const auto body = (*proof)->Open(claim.samples);
    ASSERT_TRUE(body.ok()) << body.status();
    const absl::Status checked = challenges::CheckOpening(claim, *body);
    EXPECT_TRUE(checked.ok()) << checked;
  }
}

TEST_P(EngineOnGpu, RefusesWhatDoesNotFitWithBothFigures) {
  const auto proof = engine().Prove(RandomSeed(), 32768, 4096, Never);  // 4 TiB of states
  ASSERT_TRUE(absl::IsResourceExhausted(proof.status())) << proof.status();
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  ASSERT_EQ(cudaMemGetInfo(&free_bytes, &total_bytes), cudaSuccess);
  EXPECT_THAT(std::string(proof.status().message()), HasSubstr(std::to_string(total_bytes)));
  EXPECT_THAT(std::string(proof.status().message()), HasSubstr("n = 32768, 4096 rounds takes 4"));
  ExpectTheSameProof(engine(), 256, 2);
}

TEST_P(EngineOnGpu, ProvesAgainAfterAChallengeThatWasDropped) {
  const std::uint32_t n = Sizes(4096).back();
  for (const int looks : {0, 1, 5, 50}) {
    int looked = 0;
    const auto proof = engine().Prove(RandomSeed(), n, 500, [&] { return looked++ >= looks; });
    ASSERT_TRUE(absl::IsCancelled(proof.status())) << "after " << looks << ": " << proof.status();
    ExpectTheSameProof(engine(), 512, 8);
  }
}

// The states of a proof outlive neither the next one nor the engine's memory.
TEST_P(EngineOnGpu, GivesTheMemoryBack) {
  const auto free_bytes = [] {
    std::size_t free = 0;
    std::size_t total = 0;
    EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
    return free;
  };
  // The first one loads code and makes pools.
  ASSERT_TRUE(engine().Prove(RandomSeed(), 1024, 16, Never).ok());
  const std::size_t before = free_bytes();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(engine().Prove(RandomSeed(), 1024, 16, Never).ok());
  constexpr std::size_t kSlack = std::size_t{4} << 20;  // the driver gives in pieces of 2 MiB
  EXPECT_GE(free_bytes() + kSlack, before);
}

// Each in a context of its own, taking turns on the GPU.
TEST_P(EngineOnGpu, TwoMoreProcessesProveAtOnce) {
  std::array<char, 4096> self{};
  ASSERT_GT(readlink("/proc/self/exe", self.data(), self.size() - 1), 0);
  const std::string command =
      absl::StrCat("KAISAR_GPU_LARGEST_N=1024 ", self.data(),
                   " --gtest_brief=1 --gtest_filter='*EngineOnGpu.ProvesWhatTheCpuProves/",
                   NameOfParam({GetParam(), 0}), "' 2>&1");
  FILE* const others[] = {popen(command.c_str(), "r"), popen(command.c_str(), "r")};
  ExpectTheSameProof(engine(), 1024, 8);
  for (FILE* const other : others) {
    ASSERT_NE(other, nullptr);
    std::string said;
    std::array<char, 4096> line;
    while (std::fgets(line.data(), line.size(), other) != nullptr) said += line.data();
    EXPECT_EQ(pclose(other), 0) << said;
    EXPECT_THAT(said, HasSubstr("1 test from"));
  }
}

INSTANTIATE_TEST_SUITE_P(Paths, EngineOnGpu, testing::ValuesIn(kEveryPath), NameOfParam);

class EngineSelection : public GpuTest {};

TEST_F(EngineSelection, OpensEachGpuByItsUuidAndPciIdOnTheBestPath) {
  const auto listed = ListGpus();
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_FALSE(listed->empty());
  for (const GpuListing& listing : *listed) {
    for (const std::string& selector : {listing.uuid, listing.pci_id}) {
      const auto gpu = OpenGpu(selector);
      ASSERT_TRUE(gpu.ok()) << selector << ": " << gpu.status();
      EXPECT_THAT((*gpu)->Description(), HasSubstr(listing.name));
      EXPECT_THAT((*gpu)->Description(),
                  HasSubstr(NameOf(BestRoundPath(listing.compute_capability))));
      const auto memory = (*gpu)->ReadMemory();
      ASSERT_TRUE(memory.ok()) << memory.status();
      EXPECT_LE(memory->free_bytes, memory->total_bytes);
      EXPECT_GE(listing.total_bytes, memory->total_bytes);
    }
  }
}

TEST_F(EngineSelection, RefusesAGpuThatIsOpenAlready) {
  const auto first = MakeCudaGpu(0);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(absl::IsAlreadyExists(MakeCudaGpu(0).status()));
}

}  // namespace
}  // namespace kaisar::kernels
