#include "audit/recompute.h"

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "kernels/gpu.h"
#include "kernels/host_engine.h"
#include "kernels/merkle_tree.h"

namespace kaisar::audit {
namespace {

using challenges::MatmulShape;

bool Never() {
  return false;
}

/// The rounds on the CPU. An engine's Prove keeps all states, which may be more than there is
/// memory; roots alone need the one before.
absl::StatusOr<std::vector<Digest>> RootsOnHost(kernels::HostEngine& engine, const Digest& seed,
                                                const MatmulShape& shape,
                                                const std::vector<Digest>& committed,
                                                const Recomputer::Progress& progress) {
  const std::size_t size = std::size_t{shape.n} * shape.n;
  std::unique_ptr<std::int8_t[]> before(new (std::nothrow) std::int8_t[size]);
  std::unique_ptr<std::int8_t[]> after(new (std::nothrow) std::int8_t[size]);
  if (before == nullptr || after == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for two states of ", size, " bytes"));
  }
  RETURN_IF_ERROR(engine.Begin(seed, shape.n));
  std::vector<Digest> roots;
  for (std::uint32_t j = 0; j < shape.rounds; ++j) {
    const absl::Span<const std::int8_t> from(before.get(), j == 0 ? 0 : size);
    const absl::Span<std::int8_t> to(after.get(), size);
    RETURN_IF_ERROR(engine.Round(from, to, Never));
    roots.push_back(kernels::MerkleTree::Build(to, shape.n, engine.hashing_threads()).root());
    if (progress) progress(j + 1);
    if (j < committed.size() && roots.back() != committed[j]) break;
    std::swap(before, after);
  }
  return roots;
}

class EngineRecomputer final : public Recomputer {
 public:
  EngineRecomputer(int threads, std::unique_ptr<kernels::MatmulEngine> gpu)
      : cpu_(kernels::MakeCpuEngine(threads)), gpu_(std::move(gpu)) {}

  absl::StatusOr<std::vector<Digest>> Roots(const Digest& seed, const MatmulShape& shape,
                                            const std::vector<Digest>& committed,
                                            const Progress& progress) override {
    if (gpu_ != nullptr) {
      const auto states = gpu_->Prove(seed, shape.n, shape.rounds, Never);
      if (states.ok() && (*states)->roots() == committed) return committed;
      if (!states.ok()) GiveUpGpu(states.status());
    }
    return RootsOnHost(*cpu_, seed, shape, committed, progress);
  }

  std::string Description() const override {
    return gpu_ != nullptr ? gpu_->Description() : absl::StrCat(cpu_->Description(), why_no_gpu_);
  }

 private:
  // One that is lost does not come back, and the proofs of a log are much of one size.
  void GiveUpGpu(const absl::Status& why) {
    why_no_gpu_ = absl::StrCat(", since the GPU could not: ", why.message());
    gpu_.reset();
  }

  const std::unique_ptr<kernels::HostEngine> cpu_;
  std::unique_ptr<kernels::MatmulEngine> gpu_;
  std::string why_no_gpu_;
};

}  // namespace

std::unique_ptr<Recomputer> MakeRecomputer(int threads,
                                           std::unique_ptr<kernels::MatmulEngine> gpu) {
  return std::make_unique<EngineRecomputer>(threads, std::move(gpu));
}

std::unique_ptr<Recomputer> MakeRecomputer(int threads) {
  auto gpu = kernels::OpenGpu("any");
  return MakeRecomputer(threads, gpu.ok() ? kernels::MakeGpuEngine(*std::move(gpu)) : nullptr);
}

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
  ASSIGN_OR_RETURN(const std::vector<Digest> roots,
                   RootsOnHost(*engine, *seed, {options.n, options.rounds}, {}, nullptr));
  nlohmann::ordered_json json;
  Sha256Hasher commitment;
  for (const Digest& root : roots) {
    json["roots"].push_back(ToHex(root));
    commitment.Update(root);
  }
  json["commitment"] = ToHex(commitment.Finish());
  out << json.dump() << "\n";
  return absl::OkStatus();
}

}  // namespace kaisar::audit
