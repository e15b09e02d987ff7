#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>

#include "base/status_macros.h"
#include "kernels/cuda/cuda_gpu.h"
#include "kernels/gpu_process.h"
#include "kernels/host_engine.h"
#include "tests/gpu/own_kernels.h"
#include "tests/gpu/round_fixture.h"

namespace kaisar::kernels {
namespace {

using ::testing::HasSubstr;

// A kernel that fails takes the whole process's GPU with it: each test does that in a process of
// its own, so that the tests after it have one.
class LostGpu : public GpuTest, public testing::WithParamInterface<RoundPath> {
 protected:
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (!Runs(GetParam(), ComputeCapability())) GTEST_SKIP() << "not a path of this GPU";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
};

bool Never() {
  return false;
}

absl::StatusOr<std::unique_ptr<MatmulEngine>> Open(RoundPath path) {
  ASSIGN_OR_RETURN(std::unique_ptr<Gpu> gpu, MakeCudaGpu(0, path));
  return MakeGpuEngine(std::move(gpu));
}

// Proves and compares with the CPU; DataLoss when they differ.
absl::Status ProveRightly(MatmulEngine& engine) {
  const Digest seed = RandomSeed();
  ASSIGN_OR_RETURN(const auto found, engine.Prove(seed, 512, 8, Never));
  const int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  ASSIGN_OR_RETURN(const auto expected, MakeCpuEngine(threads)->Prove(seed, 512, 8, Never));
  if (expected->roots() == found->roots()) return absl::OkStatus();
  return absl::DataLossError("the roots are not the CPU's");
}

// A kernel traps while rounds run.
absl::Status FailDuringAProof(MatmulEngine& engine) {
  int looked = 0;
  const auto failed = engine.Prove(RandomSeed(), 1024, 1000, [&] {
    if (looked++ == 3) LaunchTrap(nullptr);
    return false;
  });
  if (absl::IsUnavailable(failed.status())) return absl::OkStatus();
  return absl::InternalError("the proof in which a kernel trapped: " + failed.status().ToString());
}

// A kernel traps after a proof, whose states are then asked for.
absl::Status FailBetweenProofs(MatmulEngine& engine) {
  ASSIGN_OR_RETURN(const auto kept, engine.Prove(RandomSeed(), 256, 2, Never));
  LaunchTrap(nullptr);
  if (cudaDeviceSynchronize() == cudaSuccess) return absl::InternalError("nothing trapped");
  const StateNode node{1, 0, 0};
  const absl::Status opened = kept->Open({&node, 1}).status();
  if (absl::IsUnavailable(opened)) return absl::OkStatus();
  return absl::InternalError("an opening after a kernel trapped: " + opened.ToString());
}

using Fault = absl::Status (*)(MatmulEngine&);

absl::Status ProveAfter(RoundPath path, Fault fault) {
  ASSIGN_OR_RETURN(const auto engine, Open(path));
  RETURN_IF_ERROR(ProveRightly(*engine));
  RETURN_IF_ERROR(fault(*engine));
  return ProveRightly(*engine);
}

// The next proof is right, or is refused: never wrong, and the process stays.
absl::Status SayAfter(RoundPath path, Fault fault) {
  const absl::Status proved = ProveAfter(path, fault);
  return absl::IsUnavailable(proved) ? absl::OkStatus() : proved;
}

[[noreturn]] void ExitWith(const absl::Status& status) {
  std::cerr << status << std::endl;
  std::exit(status.ok() ? 0 : 1);
}

TEST_P(LostGpu, FailsTheProofAndNotTheProcess) {
  EXPECT_EXIT(ExitWith(SayAfter(GetParam(), FailDuringAProof)), testing::ExitedWithCode(0), "OK");
  EXPECT_EXIT(ExitWith(SayAfter(GetParam(), FailBetweenProofs)), testing::ExitedWithCode(0), "OK");
}

// The same as the provider does it: in a process that is replaced.
class ReplacedGpu : public LostGpu {
 protected:
  void SetUp() override {
    LostGpu::SetUp();
    std::string folder = testing::TempDir() + "replaced_gpu_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Kernels fail in the first process.
  void Begin(const std::string& fault) {
    GpuProcessOptions options;
    options.argv = {"/proc/self/exe", "gpu-worker", std::to_string(static_cast<int>(GetParam())),
                    fault, folder_ + "/once"};
    options.gpu = "the GPU";
    auto engine = MakeGpuProcessEngine(options);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
  }
  static void ExpectFailed(const absl::Status& status) {
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("cudaError"));
  }

  std::string folder_;
  std::unique_ptr<MatmulEngine> engine_;
};

TEST_P(ReplacedGpu, ProvesAgainAfterAKernelThatFailedDuringAProof) {
  ASSERT_NO_FATAL_FAILURE(Begin("proof"));
  ExpectFailed(engine_->Prove(RandomSeed(), 1024, 1000, Never).status());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ProveRightly(*engine_), absl::OkStatus());
}

TEST_P(ReplacedGpu, ProvesAgainAfterAKernelThatFailedBetweenProofs) {
  ASSERT_NO_FATAL_FAILURE(Begin("opening"));
  const auto kept = engine_->Prove(RandomSeed(), 256, 2, Never);
  ASSERT_TRUE(kept.ok()) << kept.status();
  const StateNode node{1, 0, 0};
  ExpectFailed((*kept)->Open({&node, 1}).status());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ProveRightly(*engine_), absl::OkStatus());
}

INSTANTIATE_TEST_SUITE_P(Paths, LostGpu, testing::ValuesIn(kEveryPath), NameOfParam);
INSTANTIATE_TEST_SUITE_P(Paths, ReplacedGpu, testing::ValuesIn(kEveryPath), NameOfParam);

}  // namespace
}  // namespace kaisar::kernels
