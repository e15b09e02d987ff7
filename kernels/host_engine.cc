#include "kernels/host_engine.h"

#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "kernels/merkle_tree.h"

namespace kaisar::kernels {
namespace {

// One of Z_1 … Z_R, and its tree.
struct CommittedState {
  std::unique_ptr<std::int8_t[]> elements;
  std::unique_ptr<MerkleTree> tree;
};

class HostStates : public ProofStates {
 public:
  HostStates(std::uint32_t n, std::vector<CommittedState> states)
      : n_(n), states_(std::move(states)) {
    for (const CommittedState& state : states_) roots_.push_back(state.tree->root());
  }

  const std::vector<Digest>& roots() const override { return roots_; }

  absl::StatusOr<std::vector<OpenedNode>> Open(absl::Span<const StateNode> nodes) const override {
    std::vector<OpenedNode> opened;
    opened.reserve(nodes.size());
    for (const StateNode& node : nodes) {
      KAISAR_CHECK(node.state >= 1 && node.state <= states_.size());
      const CommittedState& state = states_[node.state - 1];
      const std::size_t bytes = std::size_t{SegmentBytes(n_)} << node.level;
      OpenedNode& out = opened.emplace_back();
      out.path = state.tree->Path(node.level, node.index);  // checks that the node exists
      const auto* elements = reinterpret_cast<const char*>(state.elements.get());
      out.elements.assign(elements + node.index * bytes, bytes);
    }
    return opened;
  }

 private:
  const std::uint32_t n_;
  const std::vector<CommittedState> states_;
  std::vector<Digest> roots_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ProofStates>> HostEngine::Prove(
    const Digest& seed, std::uint32_t n, std::uint32_t rounds,
    const std::function<bool()>& cancelled) {
  KAISAR_CHECK(rounds >= 1);
  const std::size_t size = std::size_t{n} * n;
  // All of them first: who cannot finish should not begin.
  std::vector<CommittedState> states(rounds);
  for (std::uint32_t j = 0; j < rounds; ++j) {
    states[j].elements.reset(new (std::nothrow) std::int8_t[size]);
    if (states[j].elements == nullptr) {
      return absl::ResourceExhaustedError(
          absl::StrCat("no memory for ", size * rounds, " bytes of states, only for ", size * j));
    }
  }
  RETURN_IF_ERROR(Begin(seed, n));
  absl::Span<const std::int8_t> from;
  for (CommittedState& state : states) {
    const absl::Span<std::int8_t> to(state.elements.get(), size);
    RETURN_IF_ERROR(Round(from, to, cancelled));
    ASSIGN_OR_RETURN(MerkleTree tree, MerkleTree::Build(to, n, hashing_threads(), cancelled));
    state.tree = std::make_unique<MerkleTree>(std::move(tree));
    from = to;
  }
  return std::make_unique<HostStates>(n, std::move(states));
}

}  // namespace kaisar::kernels
