#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/bytes.h"
#include "kernels/matmul_engine.h"

namespace kaisar::kernels {

struct GpuMemory {
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;
};

/// One proof on a GPU: its memory, and the work in it. Calls that enqueue return at once.
///
/// Errors: Unavailable, with the driver's name of the error, when the GPU failed. All calls after
///         that fail alike.
/// Threads: one at a time.
class GpuWork {
 public:
  /// Waits until nothing touches the memory any more, then frees it.
  virtual ~GpuWork() = default;

  /// Enqueues W and Z_0; once, first.
  virtual absl::Status EnqueueInputs(const Digest& seed) = 0;
  /// Enqueues the next round and, behind it, the tree over its state.
  virtual absl::Status EnqueueRound() = 0;
  /// Rounds whose trees stand. Does not wait.
  virtual absl::StatusOr<std::uint32_t> FinishedRounds() = 0;
  /// Makes what is enqueued end early, in about the time of one tile of a round. The states are
  /// useless after that.
  virtual void Stop() = 0;

  /// root_1 … root_R, once all rounds are finished.
  virtual absl::StatusOr<std::vector<Digest>> ReadRoots() = 0;
  /// As ProofStates::Open, once all rounds are finished.
  virtual absl::StatusOr<std::vector<OpenedNode>> Open(absl::Span<const StateNode> nodes) = 0;
};

/// A GPU as the engine needs it. The real one is kernels/cuda/cuda_gpu.cc; tests have one with
/// failures to order.
///
/// Errors: once the GPU has failed, every call fails, in this process and for good: another process
///         may have better luck (kernels/gpu_process.h).
/// Threads: one at a time.
class Gpu {
 public:
  virtual ~Gpu() = default;

  virtual absl::StatusOr<GpuMemory> ReadMemory() = 0;
  /// Bytes that one proof takes: states, inputs, trees and scratch.
  virtual std::uint64_t ProofBytes(std::uint32_t n, std::uint32_t rounds) const = 0;
  /// Takes the memory of one proof.
  ///
  /// Errors: ResourceExhausted; Unavailable.
  virtual absl::StatusOr<std::unique_ptr<GpuWork>> Reserve(std::uint32_t n,
                                                           std::uint32_t rounds) = 0;
  /// For people: "NVIDIA H100 80GB HBM3, wgmma".
  virtual std::string Description() const = 0;
};

/// The GPU of a selector: a UUID as nvidia-smi prints it ("GPU-…"), a PCI id ("0000:65:00.0",
/// "65:00.0"), or "any" where there is just one.
///
/// Errors: FailedPrecondition without CUDA in this build, without a driver or with one too old;
///         NotFound, naming those that are there; InvalidArgument, for a selector of no such form.
absl::StatusOr<std::unique_ptr<Gpu>> OpenGpu(const std::string& selector);

/// What OpenGpu can open.
struct GpuListing {
  std::string uuid;    // "GPU-…"
  std::string pci_id;  // "0000:65:00.0"
  std::string name;
  int compute_capability = 0;  // 10 · major + minor
  std::uint64_t total_bytes = 0;
};
/// Result: empty without a GPU or a driver.
/// Errors: FailedPrecondition without CUDA in this build, or with a driver too old, with both
/// versions.
absl::StatusOr<std::vector<GpuListing>> ListGpus();

/// Lets about 0.2 ms pass.
void PauseBriefly();

/// The engine on a GPU, in this process: looks whether its memory is free before it takes any, and
/// keeps a few rounds enqueued. Its states lose their memory when the engine proves again. `pause`
/// is called between two looks at the GPU.
std::unique_ptr<MatmulEngine> MakeGpuEngine(std::unique_ptr<Gpu> gpu,
                                            std::function<void()> pause = PauseBriefly);

}  // namespace kaisar::kernels
