#include "tests/support/scripted_proof.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/status_macros.h"

namespace kaisar::testing {

absl::StatusOr<std::shared_ptr<const ScriptedProof>> ScriptedProof::Compute(
    const Digest& seed, const challenges::MatmulShape& shape, kernels::HostEngine& engine,
    const std::function<bool()>& cancelled) {
  std::shared_ptr<ScriptedProof> proof(new ScriptedProof(shape.n));
  RETURN_IF_ERROR(engine.Begin(seed, shape.n));
  absl::Span<const std::int8_t> last;
  for (std::uint32_t j = 0; j < shape.rounds; ++j) {
    std::vector<std::int8_t> next(std::size_t{shape.n} * shape.n);
    RETURN_IF_ERROR(engine.Round(last, absl::MakeSpan(next), cancelled));
    proof->trees_.push_back(kernels::MerkleTree::Build(next, shape.n, 1));
    proof->states_.push_back(std::move(next));
    last = proof->states_.back();
  }
  return proof;
}

std::string ScriptedProof::Roots() const {
  std::string roots;
  for (const kernels::MerkleTree& tree : trees_) roots += ToString(tree.root());
  return roots;
}

v1::MatmulOpeningBody ScriptedProof::Open(
    const std::vector<challenges::MatmulSample>& samples) const {
  const std::uint32_t segment_bytes = std::min<std::uint32_t>(n_, 1024);
  const auto row_level = static_cast<std::uint32_t>(std::countr_zero(n_ / segment_bytes));
  v1::MatmulOpeningBody body;
  for (const challenges::MatmulSample& sample : samples) {
    v1::SampleOpening& opening = *body.add_samples();
    if (sample.j > 0) {
      const auto* row = states_[sample.j - 1].data() + std::size_t{sample.c} * n_;
      opening.set_row(reinterpret_cast<const char*>(row), n_);
      opening.set_row_path(ToString(trees_[sample.j - 1].Path(row_level, sample.c)));
    }
    const std::uint64_t leaf = (std::uint64_t{sample.r} * n_ + sample.c) / segment_bytes;
    const auto* segment = states_[sample.j].data() + leaf * segment_bytes;
    opening.set_segment(reinterpret_cast<const char*>(segment), segment_bytes);
    opening.set_segment_path(ToString(trees_[sample.j].Path(0, leaf)));
  }
  return body;
}

}  // namespace kaisar::testing
