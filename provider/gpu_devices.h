#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kernels/gpu.h"
#include "provider/config.h"

namespace kaisar::provider {

/// How GPUs are come by; tests have some of their own.
struct GpuSource {
  std::function<absl::StatusOr<std::vector<kernels::GpuListing>>()> list;
  std::function<absl::StatusOr<std::unique_ptr<kernels::Gpu>>(const std::string& selector)> open;
};

/// The GPUs of this machine.
GpuSource MachineGpus();

struct OpenedGpu {
  kernels::GpuListing listing;
  std::unique_ptr<kernels::Gpu> gpu;
};

/// The one GPU that a selector names, without a device.
///
/// Errors: those of kernels/gpu.h.
absl::StatusOr<OpenedGpu> OpenGpu(const std::string& selector, const GpuSource& source);

/// Opens the GPUs that devices name.
///
/// Result: by device id; nothing for a device on the CPU.
/// Errors: those of OpenGpu, with the device and what it names; InvalidArgument, with both devices,
///         when two name the same GPU.
absl::StatusOr<std::map<std::uint32_t, OpenedGpu>> OpenGpus(
    const std::vector<DeviceConfig>& devices, const GpuSource& source);

/// The most that R·n² of one challenge may be on a GPU where the config does not say: what fits,
/// with inputs, trees and scratch, into 95 % of its memory. At the size of matrices that the large
/// GPUs are given; at others it is a little more or less, and the engine looks again.
std::uint64_t StateMemoryBytes(const OpenedGpu& opened);

}  // namespace kaisar::provider
