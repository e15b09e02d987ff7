#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "challenges/matmul/samples.h"
#include "kaisar/v1/challenge.pb.h"

namespace kaisar::kernels {
class MatmulEngine;
}

namespace kaisar::challenges {

/// The device's side of a matmul proof: the states Z_1 … Z_R with their Merkle trees, which the
/// engine keeps. The engine must outlive it.
///
/// Threads: one at a time, and none while the engine proves again.
/// Cost:    keeps R·n² bytes of states and 64 bytes of tree per 1024 of them.
class MatmulProof {
 public:
  /// Does the work. `cancelled` is asked between pieces of work, at least every 50 ms.
  ///
  /// Errors: Cancelled; ResourceExhausted when the states cannot be allocated; Unavailable when the
  ///         engine's device failed.
  static absl::StatusOr<std::unique_ptr<MatmulProof>> Compute(
      const Digest& seed, const MatmulShape& shape, kernels::MatmulEngine& engine,
      const std::function<bool()>& cancelled);

  virtual ~MatmulProof() = default;
  /// root_1 … root_R.
  virtual const std::vector<Digest>& roots() const = 0;
  /// SHA-256 of the roots.
  virtual Digest commitment() const = 0;
  /// Opens samples in the given order. `samples` must lie within the shape.
  ///
  /// Errors: Unavailable when the device that keeps the states is lost.
  virtual absl::StatusOr<v1::MatmulOpeningBody> Open(
      const std::vector<MatmulSample>& samples) const = 0;
};

}  // namespace kaisar::challenges
