#include "challenges/matmul/prover.h"

#include <bit>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "kernels/matmul_engine.h"
#include "kernels/merkle_tree.h"

namespace kaisar::challenges {
namespace {

using kernels::MerkleTree;

// Z_{j+1} and its tree.
struct CommittedState {
  std::unique_ptr<std::int8_t[]> elements;
  std::unique_ptr<MerkleTree> tree;
};

class ComputedProof : public MatmulProof {
 public:
  ComputedProof(std::uint32_t n, std::vector<CommittedState> states)
      : n_(n), states_(std::move(states)) {
    Sha256Hasher hasher;
    for (const CommittedState& state : states_) {
      roots_.push_back(state.tree->root());
      hasher.Update(roots_.back());
    }
    commitment_ = hasher.Finish();
  }

  const std::vector<Digest>& roots() const override { return roots_; }
  Digest commitment() const override { return commitment_; }
  v1::MatmulOpeningBody Open(const std::vector<MatmulSample>& samples) const override;

 private:
  std::uint32_t n_;
  std::vector<CommittedState> states_;
  std::vector<Digest> roots_;
  Digest commitment_{};
};

std::string ElementsAsBytes(const std::int8_t* elements, std::size_t count) {
  return std::string(reinterpret_cast<const char*>(elements), count);
}

v1::MatmulOpeningBody ComputedProof::Open(const std::vector<MatmulSample>& samples) const {
  const std::uint32_t segment = kernels::SegmentBytes(n_);
  const auto row_level = static_cast<std::uint32_t>(std::countr_zero(n_ / segment));
  v1::MatmulOpeningBody body;
  for (const MatmulSample& sample : samples) {
    KAISAR_CHECK(sample.j < states_.size() && sample.r < n_ && sample.c < n_);
    v1::SampleOpening& opening = *body.add_samples();
    if (sample.j > 0) {  // Z_0 is made from the seed by both sides
      const CommittedState& from = states_[sample.j - 1];
      opening.set_row(ElementsAsBytes(from.elements.get() + std::size_t{sample.c} * n_, n_));
      opening.set_row_path(ToString(from.tree->Path(row_level, sample.c)));
    }
    const CommittedState& to = states_[sample.j];
    const std::uint64_t leaf = (std::uint64_t{sample.r} * n_ + sample.c) / segment;
    opening.set_segment(ElementsAsBytes(to.elements.get() + leaf * segment, segment));
    opening.set_segment_path(ToString(to.tree->Path(0, leaf)));
  }
  return body;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MatmulProof>> MatmulProof::Compute(
    const Digest& seed, const MatmulShape& shape, kernels::MatmulEngine& engine,
    const std::function<bool()>& cancelled) {
  KAISAR_CHECK(shape.rounds >= 1);
  const std::size_t size = std::size_t{shape.n} * shape.n;
  // All of them first: who cannot finish should not begin.
  std::vector<CommittedState> states(shape.rounds);
  for (CommittedState& state : states) {
    state.elements.reset(new (std::nothrow) std::int8_t[size]);
    if (state.elements == nullptr) {
      return absl::ResourceExhaustedError(
          absl::StrCat("no memory for ", shape.state_bytes(), " bytes of states"));
    }
  }
  RETURN_IF_ERROR(engine.Begin(seed, shape.n));
  absl::Span<const std::int8_t> from;
  for (CommittedState& state : states) {
    const absl::Span<std::int8_t> to(state.elements.get(), size);
    RETURN_IF_ERROR(engine.Round(from, to, cancelled));
    ASSIGN_OR_RETURN(MerkleTree tree,
                     MerkleTree::Build(to, shape.n, engine.hashing_threads(), cancelled));
    state.tree = std::make_unique<MerkleTree>(std::move(tree));
    from = to;
  }
  return std::make_unique<ComputedProof>(shape.n, std::move(states));
}

}  // namespace kaisar::challenges
