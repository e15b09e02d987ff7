#include "audit/merkle_log.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/sha256.h"

namespace kaisar::audit {
namespace {

constexpr std::uint8_t kLeafPrefix = 0x00;
constexpr std::uint8_t kNodePrefix = 0x01;

}  // namespace

Digest MerkleLog::LeafHash(ByteView record) {
  static constexpr std::array<std::uint8_t, 1> kPrefix{kLeafPrefix};
  return Sha256(kPrefix, record);
}

Digest MerkleLog::NodeHash(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 65> node{kNodePrefix};
  std::copy(left.begin(), left.end(), node.begin() + 1);
  std::copy(right.begin(), right.end(), node.begin() + 33);
  return Sha256(node);
}

void MerkleLog::AppendLeaf(const Digest& leaf_hash) {
  Digest carry = leaf_hash;
  // As in binary counting: each trailing one bit of the size is a full subtree that the new leaf
  // completes to one of twice its size.
  for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    carry = NodeHash(peaks_.back(), carry);
    peaks_.pop_back();
  }
  peaks_.push_back(carry);
  ++size_;
}

Digest MerkleLog::Root() const {
  if (peaks_.empty()) return Sha256(ByteView());
  Digest root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i > 0; --i) root = NodeHash(peaks_[i - 1], root);
  return root;
}

}  // namespace kaisar::audit
