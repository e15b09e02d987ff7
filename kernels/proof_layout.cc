#include "kernels/proof_layout.h"

#include <algorithm>
#include <bit>

#include "base/bytes.h"
#include "base/check.h"
#include "kernels/merkle_tree.h"

namespace kaisar::kernels {
namespace {

// What kernels/cuda/launch.h asks of matrices and trees.
constexpr std::uint64_t kAlignment = 256;
// Few enough pieces that taking them costs little, and none larger than a state of n = 32768 needs.
constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 30;

std::uint64_t RoundUp(std::uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

ProofLayout::ProofLayout(std::uint32_t n, std::uint32_t rounds)
    : n_(n), rounds_(rounds), leaves_(matrix_bytes() / SegmentBytes(n)) {
  KAISAR_CHECK(n >= 256 && n <= 32768 && std::has_single_bit(n) && rounds >= 1);
  slot_bytes_ = matrix_bytes() + RoundUp(digests() * sizeof(Digest));
  slots_a_piece_ =
      static_cast<std::uint32_t>(std::max<std::uint64_t>(1, kPieceBytes / slot_bytes_));
  for (std::uint32_t left = rounds; left > 0;) {
    const std::uint32_t slots = std::min(left, slots_a_piece_);
    pieces_.push_back(slots * slot_bytes_);
    left -= slots;
  }
}

ProofLayout::Place ProofLayout::StateAt(std::uint32_t state) const {
  KAISAR_CHECK(state >= 1 && state <= rounds_);
  return {.piece = (state - 1) / slots_a_piece_,
          .offset = (state - 1) % slots_a_piece_ * slot_bytes_};
}

ProofLayout::Place ProofLayout::TreeAt(std::uint32_t state) const {
  Place place = StateAt(state);
  place.offset += matrix_bytes();
  return place;
}

std::vector<ProofLayout::Range> ProofLayout::RangesOf(const StateNode& node) const {
  KAISAR_CHECK(node.level < 32 && node.index < leaves_ >> node.level);
  const std::uint64_t bytes = std::uint64_t{SegmentBytes(n_)} << node.level;
  std::vector<Range> ranges = {{StateAt(node.state), static_cast<std::uint32_t>(bytes)}};
  ranges.front().from.offset += node.index * bytes;
  const Place tree = TreeAt(node.state);
  std::uint64_t first = 0;  // digest of the level
  std::uint64_t index = node.index;
  for (std::uint32_t level = 0; leaves_ >> level > 1; ++level) {
    if (level >= node.level) {
      ranges.push_back(
          {{tree.piece, tree.offset + (first + (index ^ 1)) * sizeof(Digest)}, sizeof(Digest)});
      index /= 2;
    }
    first += leaves_ >> level;
  }
  return ranges;
}

}  // namespace kaisar::kernels
