#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/host_device.h"

namespace kaisar::kernels {

// Where the nodes of a state's Merkle tree lie on the GPU: an array of digests, level 0 (the
// leaves) first, the root last; and which of them which block of threads computes. Index
// arithmetic only, so that it is tested without a GPU.
//
// Source: docs/protocol.md, Matmul, Commitment.

/// Bytes of the state under one leaf.
KAISAR_HOST_DEVICE constexpr std::uint32_t LeafBytes(std::uint32_t n) {
  return n < 1024 ? n : 1024;
}

/// Leaves of the tree over an n×n state, a power of two: 256 (n = 256) to 2^20 (n = 32768).
KAISAR_HOST_DEVICE constexpr std::uint32_t LeavesOf(std::uint32_t n) {
  return n / LeafBytes(n) * n;
}

/// The levels above the leaves: the root is node 0 of this level.
KAISAR_HOST_DEVICE constexpr std::uint32_t RootLevel(std::uint32_t leaves) {
  std::uint32_t level = 0;
  while (leaves >> level > 1) ++level;
  return level;
}

/// The place of a node in the array of digests, `index` within its level.
KAISAR_HOST_DEVICE constexpr std::uint32_t DigestPlace(std::uint32_t leaves, std::uint32_t level,
                                                       std::uint32_t index) {
  return 2 * leaves - (2 * leaves >> level) + index;
}

/// The place of the step-th sibling (0 …) on the path from a node up to the root.
KAISAR_HOST_DEVICE constexpr std::uint32_t SiblingPlace(std::uint32_t leaves, std::uint32_t level,
                                                        std::uint32_t index, std::uint32_t step) {
  return DigestPlace(leaves, level + step, index >> step ^ 1);
}

/// The bytes of the state under a node.
struct NodeSpan {
  std::size_t first = 0;
  std::size_t bytes = 0;
};
KAISAR_HOST_DEVICE constexpr NodeSpan SpanOf(std::uint32_t n, std::uint32_t level,
                                             std::uint32_t index) {
  const std::size_t bytes = std::size_t{LeafBytes(n)} << level;
  return {bytes * index, bytes};
}

/// Threads of a block: one warp for each of an SM's four schedulers.
inline constexpr std::uint32_t kTreeThreads = 128;

/// One launch over inner nodes: block b of threads takes the `group` nodes of `level` from
/// b · group on, and computes what is above them, level by level, up to one node.
struct Reduction {
  std::uint32_t level = 0;   // of the nodes that it starts from
  std::uint32_t group = 1;   // a power of two
  std::uint32_t blocks = 0;  // a power of two
};

/// The next launch, from a level that stands and is not the root's. At most `most_blocks` ≥ 1
/// blocks, and no more than leave every thread a node of the level above.
KAISAR_HOST_DEVICE constexpr Reduction ReductionFrom(std::uint32_t leaves, std::uint32_t level,
                                                     std::uint32_t most_blocks) {
  const std::uint32_t nodes = leaves >> level;
  Reduction reduction{level, nodes, 1};
  while (reduction.blocks * 2 <= most_blocks && reduction.group > 2 * kTreeThreads) {
    reduction.blocks *= 2;
    reduction.group /= 2;
  }
  return reduction;
}

/// The level of the nodes that it ends with, one a block.
KAISAR_HOST_DEVICE constexpr std::uint32_t LevelAfter(const Reduction& reduction) {
  return reduction.level + RootLevel(reduction.group);
}

/// What one block computes on the way up: `nodes` nodes from `first` on of `level`.
struct ReductionStep {
  std::uint32_t level = 0;
  std::uint32_t first = 0;
  std::uint32_t nodes = 0;
};
/// Steps are numbered from 1; there are as many as it takes until `nodes` is 1.
KAISAR_HOST_DEVICE constexpr ReductionStep StepOf(const Reduction& reduction, std::uint32_t block,
                                                  std::uint32_t step) {
  const std::uint32_t nodes = reduction.group >> step;
  return {reduction.level + step, block * nodes, nodes};
}

}  // namespace kaisar::kernels
