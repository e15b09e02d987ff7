#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace kaisar::audit {

/// The way from one leaf of an RFC 6962 tree to its root.
struct InclusionProof {
  std::uint64_t index = 0;
  std::uint64_t size = 0;    // leaves of the tree
  std::vector<Digest> path;  // the siblings, from the leaf upwards; at most 64
};

/// Grows a tree as MerkleLog does, and keeps the path of one of its leaves.
///
/// Cost:   a hash per set bit of the size, whatever the size is.
/// Source: RFC 6962, section 2.1.1.
class InclusionProver {
 public:
  explicit InclusionProver(std::uint64_t index) : index_(index) {}

  void AppendLeaf(const Digest& leaf_hash);

  /// Errors: OutOfRange with index and size when the tree has no such leaf.
  absl::StatusOr<InclusionProof> Finish() const;

 private:
  struct Peak {
    Digest hash{};
    bool has_leaf = false;  // ours is below it
  };
  /// Puts `right` beside `left` and climbs, if our leaf is below either.
  static Peak Join(const Peak& left, const Peak& right, std::vector<Digest>& path);

  const std::uint64_t index_;
  std::uint64_t size_ = 0;
  std::vector<Peak> peaks_;  // of full subtrees, largest first
  std::vector<Digest> path_;
};

/// The root to which a leaf and its path lead.
///
/// Errors: OutOfRange when the index is not below the size; InvalidArgument with both lengths when
///         the path is shorter or longer than the one of this leaf.
/// Source: RFC 6962, section 2.1.1.
absl::StatusOr<Digest> RootOfInclusion(const Digest& leaf_hash, const InclusionProof& proof);

}  // namespace kaisar::audit
