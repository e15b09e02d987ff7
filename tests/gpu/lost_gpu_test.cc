#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "base/status_macros.h"
#include "kernels/cuda/cuda_gpu.h"
#include "kernels/host_engine.h"
#include "tests/gpu/own_kernels.h"
#include "tests/gpu/round_fixture.h"

namespace kaisar::kernels {
namespace {

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

TEST_P(LostGpu, ProvesAgainAfterAKernelThatFailedDuringAProof) {
  EXPECT_EXIT(ExitWith(ProveAfter(GetParam(), FailDuringAProof)), testing::ExitedWithCode(0), "OK");
}

TEST_P(LostGpu, ProvesAgainAfterAKernelThatFailedBetweenProofs) {
  EXPECT_EXIT(ExitWith(ProveAfter(GetParam(), FailBetweenProofs)), testing::ExitedWithCode(0),
              "OK");
}

INSTANTIATE_TEST_SUITE_P(Paths, LostGpu, testing::ValuesIn(kEveryPath), NameOfParam);

}  // namespace
}  // namespace kaisar::kernels
