#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/cuda/launch.h"
#include "tests/gpu/device_buffer.h"

namespace kaisar::kernels {

/// The call of a path, with the memory beside the matrices that some need.
class RoundCaller {
 public:
  /// Errors: Unavailable, memory that ran out included.
  static absl::StatusOr<RoundCaller> Make(RoundPath path, std::uint32_t n);

  RoundPath path() const { return path_; }
  /// Enqueues what a path does once for each W.
  cudaError_t Prepare(const std::int8_t* w, std::uint32_t n, cudaStream_t stream) const;
  cudaError_t Enqueue(const RoundArguments& arguments, cudaStream_t stream) const;
  /// Tiles that the bf16 path had to leave to the integers so far; waits.
  absl::StatusOr<std::uint32_t> Inexact() const;
  /// Of the scratch; waits.
  absl::Status CheckGuards() const;

 private:
  RoundPath path_ = RoundPath::kPlain;
  DeviceBuffer w_;
  DeviceBuffer z_;
  DeviceBuffer inexact_;
};

/// Paths but the plain one that a GPU runs.
std::vector<RoundPath> PathsBesidePlain(int compute_capability);

}  // namespace kaisar::kernels
