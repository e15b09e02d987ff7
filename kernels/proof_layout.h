#pragma once

#include <cstdint>
#include <vector>

#include "kernels/matmul_engine.h"

namespace kaisar::kernels {

/// Where a proof lies in a GPU's memory: each state with its tree in a slot of its own, the slots
/// in pieces of up to 1 GiB, a larger slot in one alone. Everything begins at a multiple of 256
/// bytes.
class ProofLayout {
 public:
  ProofLayout(std::uint32_t n, std::uint32_t rounds);

  std::uint32_t n() const { return n_; }
  std::uint32_t rounds() const { return rounds_; }
  /// Of one state, or input matrix.
  std::uint64_t matrix_bytes() const { return std::uint64_t{n_} * n_; }
  /// In a tree: level 0 first, the root last.
  std::uint64_t digests() const { return std::uint64_t{2} * leaves_ - 1; }

  /// Bytes of each piece.
  const std::vector<std::uint64_t>& pieces() const { return pieces_; }

  struct Place {
    std::size_t piece = 0;
    std::uint64_t offset = 0;
  };
  /// Of Z_1 … Z_R; their trees lie behind them.
  Place StateAt(std::uint32_t state) const;
  Place TreeAt(std::uint32_t state) const;

  struct Range {
    Place from;
    std::uint32_t bytes = 0;  // a multiple of 16
  };
  /// What an opened node is made of: its elements, and behind them the digests of its path. The
  /// node must exist.
  std::vector<Range> RangesOf(const StateNode& node) const;

 private:
  std::uint32_t n_;
  std::uint32_t rounds_;
  std::uint32_t leaves_;
  std::uint64_t slot_bytes_;
  std::uint32_t slots_a_piece_;
  std::vector<std::uint64_t> pieces_;
};

}  // namespace kaisar::kernels
