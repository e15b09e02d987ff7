#include "audit/from_scratch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/names.h"
#include "base/hex.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

/// Empty when all roots are the committed ones.
std::string FirstWrongRoot(const PassedProof& proof, const std::vector<Digest>& roots) {
  for (std::size_t j = 0; j < proof.roots.size(); ++j) {
    if (j < roots.size() && roots[j] == proof.roots[j]) continue;
    return absl::StrCat("record ", proof.index, ": ", NameOf(proof.planned), " (",
                        ToHex(proof.id).substr(0, 16), "…): root ", j + 1, " of ",
                        proof.roots.size(), " is ", ToHex(proof.roots[j]), ", expected ",
                        j < roots.size() ? ToHex(roots[j]) : "nothing",
                        ": its work was not done, though its samples are right");
  }
  return "";
}

}  // namespace

absl::StatusOr<FromScratch> DoAgain(
    std::vector<PassedProof> proofs, const Digest& choice_seed, Recomputer& recomputer,
    const std::function<void(std::size_t proof, std::uint32_t rounds)>& progress) {
  FromScratch done{choice_seed, {}, std::move(proofs), {}, {}};
  for (std::size_t i = 0; i < done.proofs.size(); ++i) {
    const PassedProof& proof = done.proofs[i];
    if (progress) progress(i, 0);
    const auto told = [&](std::uint32_t rounds) {
      if (progress) progress(i, rounds);
    };
    ASSIGN_OR_RETURN(const std::vector<Digest> roots,
                     recomputer.Roots(proof.seed, proof.shape, proof.roots, told));
    std::string wrong = FirstWrongRoot(proof, roots);
    done.holds.push_back(wrong.empty());
    if (!wrong.empty()) done.differences.push_back(std::move(wrong));
  }
  done.engine = recomputer.Description();
  return done;
}

}  // namespace kaisar::audit
