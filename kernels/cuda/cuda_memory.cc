#include "kernels/cuda/cuda_memory.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace kaisar::kernels {

absl::Status CudaStatus(cudaError_t error, absl::string_view attempted) {
  if (error == cudaSuccess) return absl::OkStatus();
  cudaGetLastError();
  const std::string message = absl::StrCat(attempted, " failed: ", cudaGetErrorName(error), " (",
                                           cudaGetErrorString(error), ")");
  if (error == cudaErrorMemoryAllocation) return absl::ResourceExhaustedError(message);
  return absl::UnavailableError(message);
}

absl::StatusOr<DeviceMemory> TakeDeviceMemory(std::uint64_t bytes) {
  void* memory = nullptr;
  RETURN_IF_ERROR(CudaStatus(cudaMalloc(&memory, bytes),
                             absl::StrCat("taking ", bytes, " bytes of the GPU's memory")));
  return DeviceMemory(static_cast<std::uint8_t*>(memory));
}

absl::StatusOr<MappedMemory> TakeMappedMemory(std::uint64_t bytes) {
  void* memory = nullptr;
  RETURN_IF_ERROR(
      CudaStatus(cudaHostAlloc(&memory, bytes, cudaHostAllocMapped | cudaHostAllocPortable),
                 absl::StrCat("taking ", bytes, " bytes of mapped memory")));
  return MappedMemory(static_cast<std::uint8_t*>(memory));
}

absl::StatusOr<CudaStream> MakeCudaStream(int priority) {
  cudaStream_t stream = nullptr;
  RETURN_IF_ERROR(CudaStatus(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, priority),
                             "making a stream"));
  return CudaStream(stream);
}

absl::StatusOr<CudaEvent> MakeCudaEvent() {
  cudaEvent_t event = nullptr;
  RETURN_IF_ERROR(
      CudaStatus(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event"));
  return CudaEvent(event);
}

}  // namespace kaisar::kernels
