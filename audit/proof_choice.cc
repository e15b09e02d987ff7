#include "audit/proof_choice.h"

#include <algorithm>

#include "base/check.h"
#include "challenges/signed_messages.h"

namespace kaisar::audit {

PassedProof PassedProof::Of(const KeyedEpoch& epoch, const RecordCheck& check) {
  PassedProof proof{
      check.index, check.planned, check.id, challenges::ChallengeSeed(epoch.key, check.id), {}, {}};
  const v1::MatmulParams params =
      challenges::MatmulParamsOf(check.open.issued->issued().challenge());
  proof.shape = {params.n(), params.rounds()};
  // The judge has seen to its size.
  const ByteView roots = ViewOf(check.open.commitment->commitment().commitment().roots());
  proof.roots.resize(params.rounds());
  for (std::size_t j = 0; j < proof.roots.size(); ++j) {
    KAISAR_CHECK(CopyExactly(roots.subspan(j * sizeof(Digest), sizeof(Digest)), proof.roots[j]));
  }
  return proof;
}

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
