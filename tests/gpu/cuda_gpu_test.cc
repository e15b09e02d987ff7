// kernels/cuda/cuda_gpu.cc, cuda_work.cc and gpu_list.cc over a simulated runtime: needs no GPU.
#include "kernels/cuda/cuda_gpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/host_engine.h"
#include "tests/gpu/simulated_cuda.h"

namespace kaisar::kernels {
namespace {

using simulated::Failure;
using simulated::Machine;
using simulated::World;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr std::uint32_t kSize = 256;
constexpr std::uint32_t kRounds = 3;

bool Never() {
  return false;
}

Digest SeedOf(std::uint8_t byte) {
  Digest seed;
  seed.fill(byte);
  return seed;
}

const std::vector<StateNode>& Nodes() {
  static const std::vector<StateNode>* const nodes =
      new std::vector<StateNode>{{.state = 1, .level = 0, .index = 255},
                                 {.state = 3, .level = 0, .index = 0},
                                 {.state = 2, .level = 5, .index = 3},
                                 {.state = 2, .level = 8, .index = 0},
                                 {.state = 1, .level = 0, .index = 8}};
  return *nodes;
}

struct Proof {
  std::vector<Digest> roots;
  std::vector<OpenedNode> opened;
};

absl::StatusOr<Proof> ProveAndOpen(MatmulEngine& engine, const Digest& seed) {
  auto states = engine.Prove(seed, kSize, kRounds, Never);
  if (!states.ok()) return states.status();
  auto opened = (*states)->Open(Nodes());
  if (!opened.ok()) return opened.status();
  return Proof{(*states)->roots(), *std::move(opened)};
}

const Proof& HostProof() {
  static const Proof* const proof = new Proof(*ProveAndOpen(*MakeCpuEngine(1), SeedOf(9)));
  return *proof;
}

void ExpectHonest(MatmulEngine& engine) {
  const absl::StatusOr<Proof> proof = ProveAndOpen(engine, SeedOf(9));
  ASSERT_TRUE(proof.ok()) << proof.status();
  EXPECT_EQ(proof->roots, HostProof().roots);
  for (std::size_t i = 0; i < Nodes().size(); ++i) {
    EXPECT_TRUE(proof->opened[i].elements == HostProof().opened[i].elements) << i;
    EXPECT_EQ(proof->opened[i].path, HostProof().opened[i].path) << i;
  }
}

class CudaGpuTest : public ::testing::Test {
 protected:
  ~CudaGpuTest() override {
    engine_.reset();
    EXPECT_EQ(World::Get().held(), 0u);
  }

  void Begin(const Machine& machine, std::optional<RoundPath> path = std::nullopt) {
    engine_.reset();
    World::Get().Begin(machine);
    auto gpu = MakeCudaGpu(0, path);
    ASSERT_TRUE(gpu.ok()) << gpu.status();
    engine_ = MakeGpuEngine(*std::move(gpu), [] {});
  }

  /// The calls of a whole proof.
  std::uint64_t CountCalls() {
    World::Get().Order({.call = ~std::uint64_t{0}});
    ExpectHonest(*engine_);
    return World::Get().calls();
  }

  std::unique_ptr<MatmulEngine> engine_;
};

TEST_F(CudaGpuTest, ProvesAndOpensAsTheHostDoesInWhateverOrderStreamsRun) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    Begin({.seed = seed}, static_cast<RoundPath>(seed % 4));
    ExpectHonest(*engine_);
    ExpectHonest(*engine_);
  }
}

TEST_F(CudaGpuTest, ChoosesThePathByTheComputeCapability) {
  Begin({.major = 9, .minor = 0});
  EXPECT_EQ(engine_->Description(), "Simulated GPU 0, wgmma");
  Begin({.major = 8, .minor = 6});
  EXPECT_EQ(engine_->Description(), "Simulated GPU 0, mma.sync");
  engine_.reset();
  World::Get().Begin({.major = 7, .minor = 5});
  const auto gpu = MakeCudaGpu(0, RoundPath::kWgmma);
  EXPECT_EQ(gpu.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(gpu.status().message()), HasSubstr("7.5 does not run the path wgmma"));
}

TEST_F(CudaGpuTest, TellsOfAnErrorAtAnyCallAndLeavesNothingBehind) {
  Begin({}, RoundPath::kBf16);
  const std::uint64_t calls = CountCalls();
  ASSERT_GT(calls, 50u);
  for (std::uint64_t call = 0; call < calls; ++call) {
    SCOPED_TRACE(call);
    Begin({}, RoundPath::kBf16);
    World::Get().Order({.call = call, .error = cudaErrorECCUncorrectable});
    for (int i = 0; i < 2; ++i) {  // it does not go away
      const absl::StatusOr<Proof> proof = ProveAndOpen(*engine_, SeedOf(9));
      EXPECT_EQ(World::Get().held(), 0u);
      // Where the work is dropped, errors are of no interest to anybody.
      if (proof.ok()) continue;
      EXPECT_EQ(proof.status().code(), absl::StatusCode::kUnavailable);
      EXPECT_THAT(std::string(proof.status().message()),
                  AllOf(HasSubstr("Simulated GPU 0"), HasSubstr("cudaErrorECCUncorrectable")));
    }
  }
}

TEST_F(CudaGpuTest, LeavesNothingBehindWhenMemoryRunsOutAtAnyCall) {
  Begin({}, RoundPath::kMma);
  const std::uint64_t calls = CountCalls();
  for (std::uint64_t call = 0; call < calls; ++call) {
    SCOPED_TRACE(call);
    Begin({}, RoundPath::kMma);
    World::Get().Order({.call = call, .error = cudaErrorMemoryAllocation, .lasts = false});
    const absl::StatusOr<Proof> proof = ProveAndOpen(*engine_, SeedOf(9));
    EXPECT_THAT(proof.status().code(),
                AnyOf(absl::StatusCode::kOk, absl::StatusCode::kResourceExhausted,
                      absl::StatusCode::kUnavailable));
    EXPECT_EQ(World::Get().held(), 0u);
    ExpectHonest(*engine_);
  }
}

TEST_F(CudaGpuTest, RefusesWhatDoesNotFitBeforeItTakesAnything) {
  Begin({.free_bytes = 64 << 20});
  const auto states = engine_->Prove(SeedOf(1), 2048, 12, Never);
  EXPECT_EQ(states.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(states.status().message()),
              AllOf(HasSubstr("n = 2048, 12 rounds takes"), HasSubstr("free of 67108864")));
  EXPECT_EQ(World::Get().held(), 0u);
}

TEST_F(CudaGpuTest, StopsRoundsThatHang) {
  Begin({});
  World::Get().rounds_hang = true;
  int asked = 0;
  const auto states = engine_->Prove(SeedOf(1), kSize, kRounds, [&asked] { return ++asked > 10; });
  EXPECT_EQ(states.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(World::Get().held(), 0u);
  World::Get().rounds_hang = false;
  ExpectHonest(*engine_);
}

TEST_F(CudaGpuTest, IsOpenOnceAtATime) {
  World::Get().Begin({.gpus = 2});
  auto first = OpenGpu("a0:00.0");
  ASSERT_TRUE(first.ok()) << first.status();
  const auto again = OpenGpu("GPU-00010203-0405-0607-0809-0a0b0c0d0e0f");
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(again.status().message()), HasSubstr("GPU-00010203"));
  EXPECT_TRUE(OpenGpu("a1:00.0").ok());
  first->reset();
  EXPECT_TRUE(OpenGpu("a0:00.0").ok());
}

TEST(GpuListOverCuda, ListsGpusAsNvidiaSmiNamesThem) {
  World::Get().Begin({.gpus = 3, .silent_gpu = 0});
  const auto gpus = ListGpus();
  ASSERT_TRUE(gpus.ok()) << gpus.status();
  ASSERT_EQ(gpus->size(), 2u);  // the broken one does not hide the others
  EXPECT_EQ(gpus->at(0).uuid, "GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff");
  EXPECT_EQ(gpus->at(0).pci_id, "0000:a1:00.0");
  EXPECT_EQ(gpus->at(0).name, "Simulated GPU 1");
  EXPECT_EQ(gpus->at(0).compute_capability, 90);
  const auto opened = OpenGpu("0000:A2:00.0");  // CUDA's index is not the place in the list
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_THAT((*opened)->Description(), HasSubstr("Simulated GPU 2"));
  const auto any = OpenGpu("any");
  EXPECT_EQ(any.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(any.status().message()), HasSubstr("0000:a1:00.0"));
}

TEST(GpuListOverCuda, SaysWhyThereIsNone) {
  World::Get().Begin({.driver_version = 0});
  EXPECT_TRUE(ListGpus().ok() && ListGpus()->empty());
  EXPECT_EQ(OpenGpu("any").status(),
            absl::FailedPreconditionError("there is no driver for NVIDIA GPUs on this machine"));
  World::Get().Begin({.gpus = 0});
  EXPECT_TRUE(ListGpus().ok() && ListGpus()->empty());
  EXPECT_EQ(OpenGpu("any").status().code(), absl::StatusCode::kNotFound);
  World::Get().Begin({.driver_version = 12020});
  for (const absl::Status& status : {ListGpus().status(), OpenGpu("any").status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("12.2"), HasSubstr("13.0")));
  }
}

}  // namespace
}  // namespace kaisar::kernels
