#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/gpu.h"
#include "kernels/matmul_engine.h"

namespace kaisar::kernels {

/// What serves a GPU, and how long it is waited for.
struct GpuProcessOptions {
  std::vector<std::string>
      argv;         // a program that calls ServeGpu with its descriptor kProcessOutput
  std::string gpu;  // for people: "GPU-…"

  // Opening a GPU makes a context: a few hundred milliseconds, but many seconds where nothing keeps
  // the driver loaded and there are many GPUs.
  int open_ms = 60'000;
  // An engine asks every 0.2 ms whether it is cancelled and then ends in a few more.
  int cancel_ms = 2'000;
  // 64 samples take 20 ms.
  int answer_ms = 5'000;
  // Between SIGKILL and the end of a process; a driver that hangs may take for ever.
  int kill_ms = 1'000;
  // Between two tries to open a GPU that is lost.
  int rest_ms = 5'000;
};

/// An engine on a GPU in a process of its own, which is replaced when it or the GPU fails: CUDA
/// gives a process whose kernel failed no GPU any more, and a new one works at once
/// (docs/decisions/0025-a-gpu-has-a-process-of-its-own.md).
///
/// A failure ends the proof under way, and its states: Unavailable, with the GPU's error or how the
/// process ended. The next process is started at once and waited for when it is needed. While the
/// GPU cannot be opened, that is tried at most every `rest_ms`; proofs are Unavailable at once in
/// between.
///
/// Threads:  the process is killed when the thread that called what started it ends.
/// Liveness: no call waits longer for the process than GpuProcessOptions say, once it is cancelled;
///           one that must be killed and cannot be is left behind, and the GPU is lost until it is
///           gone. The destructor waits two seconds for it.
class GpuProcessEngine : public MatmulEngine {
 public:
  /// Of the GPU, when it was opened first.
  virtual const GpuMemory& memory() const = 0;

  /// As Gpu::ProofBytes.
  ///
  /// Errors: Unavailable.
  virtual absl::StatusOr<std::uint64_t> ProofBytes(std::uint32_t n, std::uint32_t rounds) = 0;
};

/// Starts the process and waits until it has the GPU open.
///
/// Errors: those of OpenGpu, as it says them; Unavailable when the process fails.
absl::StatusOr<std::unique_ptr<GpuProcessEngine>> MakeGpuProcessEngine(GpuProcessOptions options);

}  // namespace kaisar::kernels
