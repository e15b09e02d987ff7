#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/bytes.h"

namespace kaisar::kernels {

/// The full binary SHA-256 tree over one state: leaves are segments of 1024 bytes (n when n < 1024)
/// in row-major order, an inner node is SHA-256(left || right).
///
/// Cost:   64 bytes a leaf.
/// Source: docs/protocol.md, Matmul, Commitment.
class MerkleTree {
 public:
  /// `threads` ≥ 1 share the hashing.
  static MerkleTree Build(absl::Span<const std::int8_t> state, std::uint32_t n, int threads);
  /// The same for large states.
  ///
  /// Errors: Cancelled when `cancelled` (asked every millisecond, by the caller's thread) says so.
  static absl::StatusOr<MerkleTree> Build(absl::Span<const std::int8_t> state, std::uint32_t n,
                                          int threads, const std::function<bool()>& cancelled);

  const Digest& root() const { return levels_.back().front(); }
  /// Siblings from a node of `level` (0 = leaves) up to the root, 32 bytes each.
  Bytes Path(std::uint32_t level, std::uint64_t index) const;

 private:
  std::vector<std::vector<Digest>> levels_;
};

/// Bytes of one leaf.
std::uint32_t SegmentBytes(std::uint32_t n);

/// The roots of the subtrees of rows, all of one length (of a row itself when it is one leaf).
std::vector<Digest> RowRoots(absl::Span<const absl::Span<const std::int8_t>> rows);

/// The node at `index` of its level and its siblings up to a root, 32 bytes each.
struct MerklePath {
  Digest node{};
  std::uint64_t index = 0;
  ByteView siblings;
};

/// The root that each path leads to.
std::vector<Digest> RootsOfPaths(std::vector<MerklePath> paths);

}  // namespace kaisar::kernels
