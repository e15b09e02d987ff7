#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "challenges/matmul/check.h"
#include "challenges/matmul/prover.h"
#include "kernels/cuda/cuda_gpu.h"
#include "tests/gpu/measurement.h"
#include "tests/gpu/stopwatch.h"

namespace kaisar::kernels {
namespace {

using Clock = std::chrono::steady_clock;
using challenges::MatmulProof;
using challenges::MatmulShape;

constexpr int kOpenings = 20;
constexpr std::uint32_t kSamples = 64;  // docs/policy.md has as many
constexpr double kShareOfMemory = 0.95;

double MicrosecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

// The provider's own way through a challenge, by the host's clock, beside bare products.
class EngineBench {
 public:
  EngineBench(const Setting& setting, std::uint32_t n) : setting_(setting), n_(n) {}

  absl::StatusOr<std::vector<Measured>> Run(double round_us) {
    ASSIGN_OR_RETURN(std::unique_ptr<Gpu> gpu, MakeCudaGpu(0));
    ASSIGN_OR_RETURN(inputs_, Inputs::Make(n_));
    if (setting_.cublas != nullptr) {
      ASSIGN_OR_RETURN(sums_, DeviceBuffer::Allocate(4 * std::size_t{n_} * n_));
      RETURN_IF_ERROR(setting_.cublas->Plan(inputs_.w(), inputs_.z(0), sums_.As<std::int32_t>(), n_,
                                            setting_.stream));
    }
    ASSIGN_OR_RETURN(const std::uint32_t rounds, ChooseRounds(*gpu, round_us));
    engine_ = MakeGpuEngine(std::move(gpu));
    const double operations = 2.0 * n_ * n_ * n_ * rounds;
    measured_ = {{"whole challenge", n_, rounds, operations, {}, "products beside it", ""},
                 {"products beside it", n_, rounds, operations, {}, "products beside it", ""},
                 {"opening of 64 samples", n_, rounds, 0, {}, "", ""}};
    for (int turn = 0; turn <= setting_.challenges; ++turn) {
      RETURN_IF_ERROR(TakeTurn({n_, rounds}, turn));
    }
    return std::move(measured_);
  }

 private:
  // About as long as was asked for, and no more than there is memory for.
  absl::StatusOr<std::uint32_t> ChooseRounds(Gpu& gpu, double round_us) const {
    ASSIGN_OR_RETURN(const GpuMemory memory, gpu.ReadMemory());
    const double one = static_cast<double>(gpu.ProofBytes(n_, 1));
    const double more = static_cast<double>(gpu.ProofBytes(n_, 2)) - one;
    const double fitting =
        1 + (kShareOfMemory * static_cast<double>(memory.free_bytes) - one) / more;
    const double wanted = std::min(1e6 * setting_.challenge_seconds / round_us, fitting);
    return static_cast<std::uint32_t>(std::clamp(wanted, 1.0, double{kMostRounds}));
  }

  // The first turn is the warm-up. Openings follow the last challenge, whose states are kept.
  absl::Status TakeTurn(const MatmulShape& shape, int turn) {
    ASSIGN_OR_RETURN(const Digest seed, DrawSeed());
    const Clock::time_point begin = Clock::now();
    ASSIGN_OR_RETURN(const std::unique_ptr<MatmulProof> proof,
                     MatmulProof::Compute(seed, shape, *engine_, [] { return false; }));
    if (turn > 0) measured_[0].samples_us.push_back(MicrosecondsSince(begin));
    const int openings = turn == setting_.challenges ? kOpenings : 1;
    for (int i = 0; i < openings; ++i) RETURN_IF_ERROR(OpenAndCheck(seed, shape, *proof, turn));
    return RunProducts(shape.rounds, turn > 0);
  }

  absl::Status OpenAndCheck(const Digest& seed, const MatmulShape& shape, const MatmulProof& proof,
                            int turn) {
    ASSIGN_OR_RETURN(const Digest key, DrawSeed());
    challenges::MatmulClaim claim{seed, shape, proof.roots(), {}};
    challenges::Stream draws(key);
    for (std::uint32_t i = 0; i < kSamples; ++i) {
      claim.samples.push_back({static_cast<std::uint32_t>(draws.Draw(shape.rounds)),
                               static_cast<std::uint32_t>(draws.Draw(n_)),
                               static_cast<std::uint32_t>(draws.Draw(n_))});
    }
    const Clock::time_point begin = Clock::now();
    ASSIGN_OR_RETURN(const v1::MatmulOpeningBody body, proof.Open(claim.samples));
    if (turn == setting_.challenges) measured_[2].samples_us.push_back(MicrosecondsSince(begin));
    const absl::Status checked = challenges::CheckOpening(claim, body);
    if (!checked.ok()) measured_[0].wrong = std::string(checked.message());
    return absl::OkStatus();
  }

  absl::Status RunProducts(std::uint32_t rounds, bool counts) {
    if (setting_.cublas == nullptr) return absl::OkStatus();
    const Clock::time_point begin = Clock::now();
    for (std::uint32_t j = 0; j < rounds; ++j) {
      RETURN_IF_ERROR(setting_.cublas->Enqueue(inputs_.w(), inputs_.z(static_cast<int>(j % 2)),
                                               sums_.As<std::int32_t>(), setting_.stream));
    }
    RETURN_IF_ERROR(CheckCuda(cudaStreamSynchronize(setting_.stream), "wait for products"));
    if (counts) measured_[1].samples_us.push_back(MicrosecondsSince(begin));
    return absl::OkStatus();
  }

  const Setting& setting_;
  const std::uint32_t n_;
  Inputs inputs_;
  DeviceBuffer sums_;
  std::unique_ptr<MatmulEngine> engine_;
  std::vector<Measured> measured_;
};

}  // namespace

absl::StatusOr<std::vector<Measured>> MeasureEngine(const Setting& setting, std::uint32_t n,
                                                    double round_us) {
  return EngineBench(setting, n).Run(round_us);
}

}  // namespace kaisar::kernels
