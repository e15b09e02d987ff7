#include "audit/proof_choice.h"

#include <algorithm>

namespace kaisar::audit {

// A reservoir: the i-th proof takes the place of one of the `count` chosen ones with probability
// count / i.
bool ProofChoice::Takes() {
  ++offered_;
  if (chosen_.size() < count_) {
    place_ = chosen_.size();
    chosen_.emplace_back();
    return true;
  }
  const std::uint64_t drawn = stream_.Draw(offered_);
  place_ = static_cast<std::size_t>(drawn);
  return drawn < count_;
}

std::vector<PassedProof> ProofChoice::Chosen() const {
  std::vector<PassedProof> sorted = chosen_;
  std::sort(sorted.begin(), sorted.end(),
            [](const PassedProof& a, const PassedProof& b) { return a.index < b.index; });
  return sorted;
}

}  // namespace kaisar::audit
