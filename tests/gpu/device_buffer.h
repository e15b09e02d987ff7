#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace kaisar::kernels {

/// Ok, or Unavailable with what was attempted and CUDA's name for the error.
absl::Status CheckCuda(cudaError_t error, const char* attempted);

/// Memory of the GPU between two guards, all of it filled with kPoison at first: what a kernel
/// leaves out, or writes beside, is seen.
class DeviceBuffer {
 public:
  static constexpr std::uint8_t kPoison = 0xA5;
  /// Bytes of each guard; keeps the 256 bytes of alignment that kernels ask for.
  static constexpr std::size_t kGuardBytes = 4096;

  /// Errors: Unavailable, memory that ran out included.
  static absl::StatusOr<DeviceBuffer> Allocate(std::size_t bytes);

  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~DeviceBuffer() { cudaFree(base_); }

  template <typename T>
  T* As() const {
    return reinterpret_cast<T*>(base_ + kGuardBytes);
  }
  std::size_t bytes() const { return bytes_; }

  /// Waits for the copy.
  absl::Status Write(const void* from, std::size_t bytes);
  /// Waits for the copy.
  absl::Status Read(void* to, std::size_t bytes, std::size_t offset = 0) const;
  /// Fills all but the guards with kPoison again, after all that was enqueued.
  absl::Status Poison();
  /// Waits for the whole GPU.
  ///
  /// Errors: DataLoss, with the offset, when a guard was written to.
  absl::Status CheckGuards() const;

 private:
  std::uint8_t* base_ = nullptr;
  std::size_t bytes_ = 0;
};

/// The flag that drops a challenge.
class StopFlag {
 public:
  static absl::StatusOr<StopFlag> Allocate();
  StopFlag(StopFlag&& other) noexcept : flag_(std::exchange(other.flag_, nullptr)) {}
  StopFlag& operator=(StopFlag&& other) noexcept {
    std::swap(flag_, other.flag_);
    return *this;
  }
  ~StopFlag() { cudaFree(flag_); }

  /// Waits for what runs on the default stream.
  void Set(std::uint32_t value) {
    cudaMemcpy(flag_, &value, sizeof(value), cudaMemcpyHostToDevice);
  }
  /// Sets it behind what is enqueued on a stream.
  cudaError_t EnqueueSet(cudaStream_t stream) {
    return cudaMemsetAsync(flag_, 0xFF, sizeof(*flag_), stream);
  }
  const volatile std::uint32_t* get() const { return flag_; }

 private:
  explicit StopFlag(std::uint32_t* flag) : flag_(flag) {}
  std::uint32_t* flag_;
};

}  // namespace kaisar::kernels
