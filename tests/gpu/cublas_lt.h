#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kaisar::kernels {

/// cuBLASLt's int8 product, for comparison. The library is opened at run time, so that a program
/// starts without it.
class CublasLt {
 public:
  /// Looks in `folder` first (may be empty), then where the loader looks, then in the toolkit.
  ///
  /// Errors: NotFound, with what was tried; Unimplemented in a build without its header.
  static absl::StatusOr<std::unique_ptr<CublasLt>> Open(const std::string& folder);

  virtual ~CublasLt() = default;

  /// Gets ready for products of one size: tries each algorithm that the library's heuristic
  /// proposes on these matrices and keeps the fastest. Waits for the stream.
  ///
  /// Shapes: w and z n×n int8, sums n×n int32, all row-major.
  /// Errors: Unavailable when no algorithm works.
  virtual absl::Status Plan(const std::int8_t* w, const std::int8_t* z, std::int32_t* sums,
                            std::uint32_t n, cudaStream_t stream) = 0;

  /// Enqueues sums[r][c] = Σ_k w[r][k] · z[c][k] of the planned size.
  virtual absl::Status Enqueue(const std::int8_t* w, const std::int8_t* z, std::int32_t* sums,
                               cudaStream_t stream) = 0;

  /// For people: version and where it was found.
  virtual std::string Description() const = 0;
  /// Microseconds of each algorithm that Plan tried, in the heuristic's order; negative: refused.
  virtual const std::vector<double>& tried_us() const = 0;
};

}  // namespace kaisar::kernels
