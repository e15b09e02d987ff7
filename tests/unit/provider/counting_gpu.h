#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "kernels/gpu.h"
#include "kernels/gpu_process.h"

namespace kaisar::provider {

/// What a proof takes on these: states and a sixteenth, inputs, 3 MiB.
inline std::uint64_t CountedBytes(std::uint32_t n, std::uint32_t rounds) {
  const std::uint64_t state = std::uint64_t{n} * n;
  return state * rounds + state * rounds / 16 + 2 * state + (3 << 20);
}

/// A GPU that is only asked how much a proof takes.
class CountingGpu final : public kernels::Gpu {
 public:
  absl::StatusOr<kernels::GpuMemory> ReadMemory() override { return kernels::GpuMemory{}; }
  std::uint64_t ProofBytes(std::uint32_t n, std::uint32_t rounds) const override {
    return CountedBytes(n, rounds);
  }
  absl::StatusOr<std::unique_ptr<kernels::GpuWork>> Reserve(std::uint32_t, std::uint32_t) override {
    return absl::UnavailableError("for counting only");
  }
  std::string Description() const override { return "counting"; }
};

/// The same, as a process serves it.
class CountingEngine final : public kernels::GpuProcessEngine {
 public:
  explicit CountingEngine(absl::Status status = absl::OkStatus()) : status_(std::move(status)) {}
  const kernels::GpuMemory& memory() const override { return memory_; }
  absl::StatusOr<std::uint64_t> ProofBytes(std::uint32_t n, std::uint32_t rounds) override {
    if (!status_.ok()) return status_;
    return CountedBytes(n, rounds);
  }
  absl::StatusOr<std::unique_ptr<kernels::ProofStates>> Prove(
      const Digest&, std::uint32_t, std::uint32_t, const std::function<bool()>&) override {
    return absl::UnavailableError("for counting only");
  }
  std::string Description() const override { return "counting"; }

 private:
  const absl::Status status_;
  const kernels::GpuMemory memory_;
};

}  // namespace kaisar::provider
