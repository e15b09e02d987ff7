#include "kernels/proof_layout.h"

#include <algorithm>
#include <bit>

#include "base/bytes.h"
#include "base/check.h"
#include "kernels/cuda/tree_layout.h"

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
    : n_(n), rounds_(rounds), leaves_(LeavesOf(n)) {
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
  KAISAR_CHECK(node.level <= RootLevel(leaves_) && node.index < leaves_ >> node.level);
  const auto index = static_cast<std::uint32_t>(node.index);
  const NodeSpan elements = SpanOf(n_, node.level, index);
  const Place state = StateAt(node.state);
  const Place tree = TreeAt(node.state);
  std::vector<Range> ranges = {{.from = {state.piece, state.offset + elements.first},
                                .bytes = static_cast<std::uint32_t>(elements.bytes)}};
  for (std::uint32_t step = 0; node.level + step < RootLevel(leaves_); ++step) {
    const std::uint64_t place = SiblingPlace(leaves_, node.level, index, step);
    ranges.push_back(
        {.from = {tree.piece, tree.offset + place * sizeof(Digest)}, .bytes = sizeof(Digest)});
  }
  return ranges;
}

}  // namespace kaisar::kernels
