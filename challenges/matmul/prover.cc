#include "challenges/matmul/prover.h"

#include <bit>
#include <utility>

#include "base/check.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "kernels/matmul_engine.h"
#include "kernels/merkle_tree.h"

namespace kaisar::challenges {
namespace {

using kernels::OpenedNode;
using kernels::StateNode;

class ComputedProof : public MatmulProof {
 public:
  ComputedProof(const MatmulShape& shape, std::unique_ptr<kernels::ProofStates> states)
      : shape_(shape), states_(std::move(states)) {
    Sha256Hasher hasher;
    for (const Digest& root : states_->roots()) hasher.Update(root);
    commitment_ = hasher.Finish();
  }

  const std::vector<Digest>& roots() const override { return states_->roots(); }
  Digest commitment() const override { return commitment_; }
  absl::StatusOr<v1::MatmulOpeningBody> Open(
      const std::vector<MatmulSample>& samples) const override;

 private:
  std::vector<StateNode> NodesOf(const std::vector<MatmulSample>& samples) const;

  const MatmulShape shape_;
  const std::unique_ptr<kernels::ProofStates> states_;
  Digest commitment_{};
};

// In the order of the samples: the row where there is one, then the segment.
std::vector<StateNode> ComputedProof::NodesOf(const std::vector<MatmulSample>& samples) const {
  const std::uint32_t segment = kernels::SegmentBytes(shape_.n);
  const auto row_level = static_cast<std::uint32_t>(std::countr_zero(shape_.n / segment));
  std::vector<StateNode> nodes;
  for (const MatmulSample& sample : samples) {
    KAISAR_CHECK(sample.j < shape_.rounds && sample.r < shape_.n && sample.c < shape_.n);
    // Z_0 is made from the seed by both sides.
    if (sample.j > 0) nodes.push_back({.state = sample.j, .level = row_level, .index = sample.c});
    const std::uint64_t element = std::uint64_t{sample.r} * shape_.n + sample.c;
    nodes.push_back({.state = sample.j + 1, .level = 0, .index = element / segment});
  }
  return nodes;
}

absl::StatusOr<v1::MatmulOpeningBody> ComputedProof::Open(
    const std::vector<MatmulSample>& samples) const {
  ASSIGN_OR_RETURN(std::vector<OpenedNode> nodes, states_->Open(NodesOf(samples)));
  auto next = nodes.begin();
  v1::MatmulOpeningBody body;
  for (const MatmulSample& sample : samples) {
    v1::SampleOpening& opening = *body.add_samples();
    if (sample.j > 0) {
      opening.set_row(std::move(next->elements));
      opening.set_row_path(ToString(next->path));
      ++next;
    }
    opening.set_segment(std::move(next->elements));
    opening.set_segment_path(ToString(next->path));
    ++next;
  }
  return body;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MatmulProof>> MatmulProof::Compute(
    const Digest& seed, const MatmulShape& shape, kernels::MatmulEngine& engine,
    const std::function<bool()>& cancelled) {
  KAISAR_CHECK(shape.rounds >= 1);
  ASSIGN_OR_RETURN(std::unique_ptr<kernels::ProofStates> states,
                   engine.Prove(seed, shape.n, shape.rounds, cancelled));
  KAISAR_CHECK(states->roots().size() == shape.rounds);
  return std::make_unique<ComputedProof>(shape, std::move(states));
}

}  // namespace kaisar::challenges
