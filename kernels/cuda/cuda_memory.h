#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kaisar::kernels {

/// Forgets the error, so that no later call repeats it, and says what was attempted and what the
/// driver calls it.
///
/// Errors: ResourceExhausted when memory ran out; else Unavailable.
absl::Status CudaStatus(cudaError_t error, absl::string_view attempted);

struct CudaRelease {
  void operator()(std::uint8_t* device_memory) const { cudaFree(device_memory); }
  void operator()(CUstream_st* stream) const { cudaStreamDestroy(stream); }
  void operator()(CUevent_st* event) const { cudaEventDestroy(event); }
};
struct CudaHostRelease {
  void operator()(std::uint8_t* host_memory) const { cudaFreeHost(host_memory); }
};

using DeviceMemory = std::unique_ptr<std::uint8_t, CudaRelease>;
/// The host's memory that the GPU sees at the same address.
using MappedMemory = std::unique_ptr<std::uint8_t, CudaHostRelease>;
using CudaStream = std::unique_ptr<CUstream_st, CudaRelease>;
/// Without a time, for order alone.
using CudaEvent = std::unique_ptr<CUevent_st, CudaRelease>;

// Each on the GPU that is this thread's.
absl::StatusOr<DeviceMemory> TakeDeviceMemory(std::uint64_t bytes);
absl::StatusOr<MappedMemory> TakeMappedMemory(std::uint64_t bytes);
absl::StatusOr<CudaStream> MakeCudaStream(int priority);
absl::StatusOr<CudaEvent> MakeCudaEvent();

}  // namespace kaisar::kernels
