#include "audit/inclusion_proof.h"

#include <bit>

#include "absl/strings/str_cat.h"
#include "audit/merkle_log.h"

namespace kaisar::audit {
namespace {

absl::Status NoSuchLeaf(std::uint64_t index, std::uint64_t size) {
  return absl::OutOfRangeError(
      absl::StrCat("index is ", index, ", expected less than the size, ", size));
}

/// From the root down: whether the leaf lies to the right. The left part of a tree of n > 1 leaves
/// has k of them, the largest power of two below n.
std::vector<bool> TurnsTo(std::uint64_t index, std::uint64_t size) {
  std::vector<bool> turns;
  while (size > 1) {
    const std::uint64_t left = std::bit_floor(size - 1);
    turns.push_back(index >= left);
    size = index >= left ? size - left : left;
    index = index >= left ? index - left : index;
  }
  return turns;
}

}  // namespace

InclusionProver::Peak InclusionProver::Join(const Peak& left, const Peak& right,
                                            std::vector<Digest>& path) {
  if (left.has_leaf) path.push_back(right.hash);
  if (right.has_leaf) path.push_back(left.hash);
  return {MerkleLog::NodeHash(left.hash, right.hash), left.has_leaf || right.has_leaf};
}

void InclusionProver::AppendLeaf(const Digest& leaf_hash) {
  Peak carry{leaf_hash, size_ == index_};
  for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    carry = Join(peaks_.back(), carry, path_);
    peaks_.pop_back();
  }
  peaks_.push_back(carry);
  ++size_;
}

absl::StatusOr<InclusionProof> InclusionProver::Finish() const {
  if (index_ >= size_) return NoSuchLeaf(index_, size_);
  InclusionProof proof{index_, size_, path_};
  Peak root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i > 0; --i) root = Join(peaks_[i - 1], root, proof.path);
  return proof;
}

absl::StatusOr<Digest> RootOfInclusion(const Digest& leaf_hash, const InclusionProof& proof) {
  if (proof.index >= proof.size) return NoSuchLeaf(proof.index, proof.size);
  const std::vector<bool> turns = TurnsTo(proof.index, proof.size);
  if (proof.path.size() != turns.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("path is too ", proof.path.size() < turns.size() ? "short" : "long", ": has ",
                     proof.path.size(), " hashes, expected ", turns.size(), " from leaf ",
                     proof.index, " of ", proof.size));
  }
  Digest hash = leaf_hash;
  for (std::size_t i = 0; i < proof.path.size(); ++i) {
    const Digest& sibling = proof.path[i];
    const bool right = turns[turns.size() - 1 - i];
    hash = right ? MerkleLog::NodeHash(sibling, hash) : MerkleLog::NodeHash(hash, sibling);
  }
  return hash;
}

}  // namespace kaisar::audit
