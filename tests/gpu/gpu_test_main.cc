// gpu_test; as `gpu_test gpu-worker`, the process of a GPU on which kernels fail.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "base/process_runner.h"
#include "base/status_macros.h"
#include "kernels/cuda/cuda_gpu.h"
#include "kernels/gpu_worker.h"
#include "tests/gpu/own_kernels.h"

namespace kaisar::kernels {
namespace {

/// A proof during which, or during whose opening, a kernel traps.
class TrappingWork final : public GpuWork {
 public:
  TrappingWork(std::unique_ptr<GpuWork> work, bool in_open)
      : work_(std::move(work)), in_open_(in_open) {}

  absl::Status EnqueueInputs(const Digest& seed) override { return work_->EnqueueInputs(seed); }
  absl::Status EnqueueRound() override { return work_->EnqueueRound(); }
  absl::StatusOr<std::uint32_t> FinishedRounds() override {
    if (!in_open_ && looked_++ == 3) LaunchTrap(nullptr);
    return work_->FinishedRounds();
  }
  void Stop() override { work_->Stop(); }
  absl::StatusOr<std::vector<Digest>> ReadRoots() override { return work_->ReadRoots(); }
  absl::StatusOr<std::vector<OpenedNode>> Open(absl::Span<const StateNode> nodes) override {
    if (in_open_) {
      LaunchTrap(nullptr);
      cudaDeviceSynchronize();
    }
    return work_->Open(nodes);
  }

 private:
  const std::unique_ptr<GpuWork> work_;
  const bool in_open_;
  int looked_ = 0;
};

class TrappingGpu final : public Gpu {
 public:
  TrappingGpu(std::unique_ptr<Gpu> gpu, bool in_open) : gpu_(std::move(gpu)), in_open_(in_open) {}

  absl::StatusOr<GpuMemory> ReadMemory() override { return gpu_->ReadMemory(); }
  std::uint64_t ProofBytes(std::uint32_t n, std::uint32_t rounds) const override {
    return gpu_->ProofBytes(n, rounds);
  }
  absl::StatusOr<std::unique_ptr<GpuWork>> Reserve(std::uint32_t n, std::uint32_t rounds) override {
    ASSIGN_OR_RETURN(std::unique_ptr<GpuWork> work, gpu_->Reserve(n, rounds));
    return std::make_unique<TrappingWork>(std::move(work), in_open_);
  }
  std::string Description() const override { return gpu_->Description(); }

 private:
  const std::unique_ptr<Gpu> gpu_;
  const bool in_open_;
};

// gpu-worker PATH proof|opening FILE: kernels fail in the first process, which makes the file.
int Serve(char** arguments) {
  const auto path = static_cast<RoundPath>(std::atoi(arguments[0]));
  const bool in_open = std::string(arguments[1]) == "opening";
  const int made = open(arguments[2], O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (made >= 0) close(made);
  const absl::Status ended =
      ServeGpu(Descriptor(kProcessOutput), [&]() -> absl::StatusOr<std::unique_ptr<Gpu>> {
        ASSIGN_OR_RETURN(std::unique_ptr<Gpu> gpu, MakeCudaGpu(0, path));
        if (made < 0) return gpu;
        return std::make_unique<TrappingGpu>(std::move(gpu), in_open);
      });
  return absl::IsUnavailable(ended) ? 0 : 1;
}

}  // namespace
}  // namespace kaisar::kernels

int main(int argc, char** argv) {
  if (argc == 5 && std::string(argv[1]) == "gpu-worker") return kaisar::kernels::Serve(argv + 2);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
