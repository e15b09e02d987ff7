#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/status_macros.h"
#include "challenges/judge.h"
#include "challenges/matmul/prover.h"
#include "kernels/host_engine.h"
#include "nlohmann/json.hpp"
#include "provider/commands.h"

namespace kaisar::provider {
namespace {

/// One proof, timed from the seed to the commitment.
absl::StatusOr<std::uint64_t> MeasureOnce(const challenges::MatmulShape& shape,
                                          kernels::MatmulEngine& engine) {
  Digest seed{};
  RETURN_IF_ERROR(OsEntropy().Fill(absl::MakeSpan(seed)));
  const std::uint64_t begun_ns = RealClock().MonotonicNs();
  ASSIGN_OR_RETURN(const std::unique_ptr<challenges::MatmulProof> proof,
                   challenges::MatmulProof::Compute(seed, shape, engine, [] { return false; }));
  v1::CommitmentReceived received;
  received.set_elapsed_ns(RealClock().MonotonicNs() - begun_ns);
  return challenges::MatmulRate(shape, received);
}

int Threads(const MeasureOptions& options) {
  return options.threads > 0 ? options.threads
                             : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

absl::StatusOr<std::unique_ptr<kernels::MatmulEngine>> OpenEngine(const MeasureOptions& options,
                                                                  const GpuSource& gpus) {
  if (options.gpu.empty()) return kernels::MakeCpuEngine(Threads(options));
  if (options.threads > 0) {
    return absl::InvalidArgumentError("--threads is for the CPU; leave it out, or --gpu");
  }
  ASSIGN_OR_RETURN(std::unique_ptr<kernels::Gpu> gpu, OpenGpu(options.gpu, gpus));
  return kernels::MakeGpuEngine(std::move(gpu));
}

}  // namespace

absl::Status Measure(const MeasureOptions& options, const GpuSource& gpus, std::ostream& out) {
  const challenges::MatmulShape shape{options.n, options.rounds};
  ASSIGN_OR_RETURN(const std::unique_ptr<kernels::MatmulEngine> engine, OpenEngine(options, gpus));
  std::vector<std::uint64_t> rates;
  for (unsigned i = 0; i < options.times; ++i) {
    ASSIGN_OR_RETURN(const std::uint64_t rate, MeasureOnce(shape, *engine));
    rates.push_back(rate);
    if (!options.json) {
      out << "proof " << i + 1 << ": " << rate << " ops/s (" << rate / 1'000'000'000 << " Gop/s)"
          << std::endl;
    }
  }
  std::vector<std::uint64_t> sorted = rates;
  std::sort(sorted.begin(), sorted.end());
  const std::uint64_t median = sorted[(sorted.size() - 1) / 2];  // the lower one, as in the score
  if (options.json) {
    nlohmann::json result = {{"n", options.n},
                             {"rounds", options.rounds},
                             {"engine", engine->Description()},
                             {"ops_per_second", median},
                             {"rates", rates}};
    if (options.gpu.empty()) result["threads"] = Threads(options);
    out << result.dump() << "\n";
  } else {
    out << "median:  " << median << " ops/s, n = " << options.n << ", " << options.rounds
        << " rounds, " << engine->Description() << "\n"
        << "Claim this as ops_per_second, less some room for what else the machine does: a share "
           "of\n"
        << "the claim that is not reached is lost in the score, and claiming less costs nothing "
           "there."
        << "\n";
  }
  return absl::OkStatus();
}

}  // namespace kaisar::provider
