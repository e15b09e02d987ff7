#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "challenges/matmul/samples.h"
#include "kaisar/v1/challenge.pb.h"
#include "kernels/host_engine.h"
#include "kernels/merkle_tree.h"

namespace kaisar::testing {

/// A matmul proof made apart from challenges/matmul, so that neither can hide a mistake of the
/// other: whatever states the engine gives, with right trees and paths over them.
class ScriptedProof {
 public:
  /// Errors: as those of the engine.
  static absl::StatusOr<std::shared_ptr<const ScriptedProof>> Compute(
      const Digest& seed, const challenges::MatmulShape& shape, kernels::HostEngine& engine,
      const std::function<bool()>& cancelled);

  /// root_1 || … || root_R.
  std::string Roots() const;
  std::uint32_t rounds() const { return static_cast<std::uint32_t>(states_.size()); }
  v1::MatmulOpeningBody Open(const std::vector<challenges::MatmulSample>& samples) const;

 private:
  explicit ScriptedProof(std::uint32_t n) : n_(n) {}
  std::uint32_t n_;
  std::vector<std::vector<std::int8_t>> states_;  // Z_1 … Z_R
  std::vector<kernels::MerkleTree> trees_;
};

}  // namespace kaisar::testing
