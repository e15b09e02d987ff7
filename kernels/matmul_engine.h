#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/bytes.h"

namespace kaisar::kernels {

/// A node of the Merkle tree over one state.
struct StateNode {
  std::uint32_t state = 1;  // 1 … R
  std::uint32_t level = 0;  // 0: the leaves
  std::uint64_t index = 0;  // within its level
};

/// What shows that a node's elements belong to its state.
struct OpenedNode {
  std::string elements;  // all that lie under the node, one byte each
  Bytes path;            // siblings from the node up to the root, 32 bytes each
};

/// The states Z_1 … Z_R of one proof with their trees, wherever the engine keeps them. An engine
/// may take their memory back when it proves again.
///
/// Threads: one at a time, and none while the engine proves again.
class ProofStates {
 public:
  virtual ~ProofStates() = default;

  /// root_1 … root_R.
  virtual const std::vector<Digest>& roots() const = 0;

  /// Opens nodes, in the order asked; they must exist.
  ///
  /// Errors: Unavailable when the device that keeps the states is lost, or has taken them back.
  virtual absl::StatusOr<std::vector<OpenedNode>> Open(absl::Span<const StateNode> nodes) const = 0;
};

/// Computes matmul proofs. One engine serves one challenge at a time and outlives its states.
///
/// Shapes: W and states are n×n int8, row-major; n is a power of two, 256 to 32768.
/// Threads: one at a time; an engine may use several threads of its own.
class MatmulEngine {
 public:
  virtual ~MatmulEngine() = default;

  /// Does all `rounds` of a seed and keeps the states. `cancelled` is asked at least every 50 ms.
  ///
  /// Errors: Cancelled; ResourceExhausted when there is too little memory, before any work, with
  ///         both figures; Unavailable when the device failed or is lost.
  virtual absl::StatusOr<std::unique_ptr<ProofStates>> Prove(
      const Digest& seed, std::uint32_t n, std::uint32_t rounds,
      const std::function<bool()>& cancelled) = 0;

  /// For people: "cpu AVX2, 2 threads".
  virtual std::string Description() const = 0;
};

}  // namespace kaisar::kernels
