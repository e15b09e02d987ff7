#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/gpu.h"
#include "kernels/gpu_process.h"
#include "provider/config.h"

namespace kaisar::provider {

/// How GPUs are come by; tests have some of their own.
struct GpuSource {
  std::function<absl::StatusOr<std::vector<kernels::GpuListing>>()> list;
  /// In this process.
  std::function<absl::StatusOr<std::unique_ptr<kernels::Gpu>>(const std::string& selector)> open;
  /// In a process of its own.
  std::function<absl::StatusOr<std::unique_ptr<kernels::GpuProcessEngine>>(const std::string& uuid)>
      start;
};

/// The GPUs of this machine. Starting one starts this program as `gpu-worker`.
GpuSource MachineGpus();

/// The one GPU that a selector names, in this process.
///
/// Errors: those of kernels/gpu.h.
absl::StatusOr<std::unique_ptr<kernels::Gpu>> OpenGpu(const std::string& selector,
                                                      const GpuSource& source);

struct StartedGpu {
  kernels::GpuListing listing;
  std::unique_ptr<kernels::GpuProcessEngine> engine;
};

/// Starts the GPUs that devices name.
///
/// Result: by device id; nothing for a device on the CPU.
/// Errors: those of kernels/gpu.h and gpu_process.h, with the device and what it names;
///         InvalidArgument, with both devices, when two name the same GPU.
absl::StatusOr<std::map<std::uint32_t, StartedGpu>> StartGpus(
    const std::vector<DeviceConfig>& devices, const GpuSource& source);

/// The most that R·n² of one challenge may be on a GPU where the config does not say: what fits,
/// with inputs, trees and scratch, into 95 % of its memory. At the size of matrices that the large
/// GPUs are given; at others it is a little more or less, and the engine looks again.
///
/// Errors: Unavailable when its process fails.
absl::StatusOr<std::uint64_t> StateMemoryBytes(const StartedGpu& started);

}  // namespace kaisar::provider
