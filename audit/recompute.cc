#include "audit/recompute.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "challenges/matmul/prover.h"
#include "kernels/host_engine.h"

namespace kaisar::audit {

absl::Status PrintRecomputed(const RecomputeOptions& options, std::ostream& out) {
  const auto seed = ParseHexArray<32>(options.seed);
  if (!seed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--seed: ", seed.status().message()));
  }
  if ((options.n & (options.n - 1)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--n: is ", options.n, ", expected a power of two"));
  }
  const auto engine = kernels::MakeCpuEngine(options.threads);
  ASSIGN_OR_RETURN(const auto proof,
                   challenges::MatmulProof::Compute(*seed, {options.n, options.rounds}, *engine,
                                                    [] { return false; }));
  nlohmann::ordered_json json;
  for (const Digest& root : proof->roots()) json["roots"].push_back(ToHex(root));
  json["commitment"] = ToHex(proof->commitment());
  out << json.dump() << "\n";
  return absl::OkStatus();
}

}  // namespace kaisar::audit
