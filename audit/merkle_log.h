#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace kaisar::audit {

/// The RFC 6962 Merkle tree hash, grown one record at a time: keeps one hash per set bit of the
/// size.
///
/// Source: RFC 6962, section 2.1; leaf prefix 00, node prefix 01.
class MerkleLog {
 public:
  void Append(ByteView record) { AppendLeaf(LeafHash(record)); }
  void AppendLeaf(const Digest& leaf_hash);
  std::uint64_t size() const { return size_; }
  /// SHA-256 of nothing for the empty tree.
  Digest Root() const;

  static Digest LeafHash(ByteView record);
  static Digest NodeHash(const Digest& left, const Digest& right);

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> peaks_;  // of full subtrees, largest first
};

}  // namespace kaisar::audit
