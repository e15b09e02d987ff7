#include "tests/gpu/device_buffer.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace kaisar::kernels {
namespace {

// Poison is something written: with it, compute-sanitizer's initcheck would find nothing.
bool LeavesPoisonOut() {
  return std::getenv("KAISAR_GPU_NO_POISON") != nullptr;
}

}  // namespace

absl::Status CheckCuda(cudaError_t error, const char* attempted) {
  if (error == cudaSuccess) return absl::OkStatus();
  const std::string message =
      absl::StrCat(attempted, ": ", cudaGetErrorName(error), ", ", cudaGetErrorString(error));
  if (error == cudaErrorNotSupported) return absl::UnimplementedError(message);
  return absl::UnavailableError(message);
}

absl::StatusOr<DeviceBuffer> DeviceBuffer::Allocate(std::size_t bytes) {
  DeviceBuffer buffer;
  void* memory = nullptr;
  const std::size_t all = bytes + 2 * kGuardBytes;
  RETURN_IF_ERROR(
      CheckCuda(cudaMalloc(&memory, all), absl::StrCat("allocate ", all, " bytes").c_str()));
  buffer.base_ = static_cast<std::uint8_t*>(memory);
  buffer.bytes_ = bytes;
  if (LeavesPoisonOut()) {
    RETURN_IF_ERROR(CheckCuda(cudaMemset(memory, kPoison, kGuardBytes), "set a guard"));
    RETURN_IF_ERROR(CheckCuda(cudaMemset(buffer.base_ + kGuardBytes + bytes, kPoison, kGuardBytes),
                              "set a guard"));
  } else {
    RETURN_IF_ERROR(CheckCuda(cudaMemset(memory, kPoison, all), "poison a buffer"));
  }
  // Other streams do not wait for the one that fills.
  RETURN_IF_ERROR(CheckCuda(cudaDeviceSynchronize(), "wait for the GPU"));
  return buffer;
}

absl::Status DeviceBuffer::Write(const void* from, std::size_t bytes) {
  return CheckCuda(cudaMemcpy(base_ + kGuardBytes, from, bytes, cudaMemcpyHostToDevice),
                   "copy to the GPU");
}

absl::Status DeviceBuffer::Read(void* to, std::size_t bytes, std::size_t offset) const {
  return CheckCuda(cudaMemcpy(to, base_ + kGuardBytes + offset, bytes, cudaMemcpyDeviceToHost),
                   "copy from the GPU");
}

absl::Status DeviceBuffer::Poison() {
  if (LeavesPoisonOut()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckCuda(cudaDeviceSynchronize(), "wait for the GPU"));
  RETURN_IF_ERROR(CheckCuda(cudaMemset(base_ + kGuardBytes, kPoison, bytes_), "poison a buffer"));
  return CheckCuda(cudaDeviceSynchronize(), "wait for the GPU");
}

absl::Status DeviceBuffer::CheckGuards() const {
  RETURN_IF_ERROR(CheckCuda(cudaDeviceSynchronize(), "wait for the GPU"));
  for (const std::size_t at : {std::size_t{0}, kGuardBytes + bytes_}) {
    std::array<std::uint8_t, kGuardBytes> guard;
    RETURN_IF_ERROR(CheckCuda(cudaMemcpy(guard.data(), base_ + at, kGuardBytes,  //
                                         cudaMemcpyDeviceToHost),
                              "read a guard"));
    const auto* const wrong =
        std::find_if(guard.begin(), guard.end(), [](std::uint8_t b) { return b != kPoison; });
    if (wrong == guard.end()) continue;
    return absl::DataLossError(absl::StrCat("something wrote ",
                                            static_cast<std::int64_t>(at) -
                                                static_cast<std::int64_t>(kGuardBytes) +
                                                (wrong - guard.begin()),
                                            " bytes from the start of a buffer of ", bytes_));
  }
  return absl::OkStatus();
}

absl::StatusOr<StopFlag> StopFlag::Allocate() {
  void* memory = nullptr;
  RETURN_IF_ERROR(CheckCuda(cudaMalloc(&memory, 256), "allocate a stop flag"));
  StopFlag flag(static_cast<std::uint32_t*>(memory));
  flag.Set(0);
  return flag;
}

}  // namespace kaisar::kernels
