// What a checker pays for a matmul answer at n = 8192, on one core.
//
// The proof is made without the n³ products: Z_1 is noise, and so is Z_2 except where it is asked;
// there it holds the true elements. Every size, hash, path and product is checked as in a real one,
// and every sample is of a later round, which is the dear kind.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <vector>

#include "base/chacha20.h"
#include "base/check.h"
#include "challenges/matmul/check.h"
#include "challenges/matmul/prover.h"
#include "kernels/element.h"
#include "kernels/host_engine.h"
#include "kernels/rows.h"

namespace kaisar::challenges {
namespace {

// The protobuf of R = 64 rounds and k = 64 samples has a row, a segment and two paths a sample.
constexpr std::uint32_t kSamples = 64;

// Gives noise, and in round 1 the true elements where `samples` ask for them.
class SparseEngine : public kernels::HostEngine {
 public:
  explicit SparseEngine(const std::vector<MatmulSample>& samples) : samples_(samples) {}
  absl::Status Begin(const Digest& seed, std::uint32_t n) override {
    seed_ = seed;
    n_ = n;
    return absl::OkStatus();
  }
  absl::Status Round(absl::Span<const std::int8_t> state, absl::Span<std::int8_t> next,
                     const std::function<bool()>&) override {
    Digest noise_seed{};
    noise_seed.fill(state.empty() ? 1 : 2);
    kernels::GenerateRows(noise_seed, kernels::Matrix::kW, 0, n_, next);
    if (state.empty()) return absl::OkStatus();
    std::vector<std::int8_t> w(n_);
    for (const MatmulSample& sample : samples_) {
      kernels::GenerateRows(seed_, kernels::Matrix::kW, sample.r, n_, absl::MakeSpan(w));
      const auto z = state.subspan(std::size_t{sample.c} * n_, n_);
      next[std::size_t{sample.r} * n_ + sample.c] =
          kernels::ElementFromSum(kernels::DotProduct(w, z));
    }
    return absl::OkStatus();
  }
  std::string Description() const override { return "sparse"; }

 private:
  std::vector<MatmulSample> samples_;
  Digest seed_{};
  std::uint32_t n_ = 0;
};

struct Answer {
  MatmulClaim claim;
  std::string body;
};

// One for each n, made at first use.
const Answer& AnswerFor(std::uint32_t n) {
  static std::vector<std::unique_ptr<Answer>> made;
  for (const auto& answer : made) {
    if (answer->claim.shape.n == n) return *answer;
  }
  auto answer = std::make_unique<Answer>();
  MatmulClaim& claim = answer->claim;
  claim.shape = {n, 2};
  claim.seed.fill(7);
  std::mt19937 random(n);
  for (std::uint32_t i = 0; i < kSamples; ++i) {
    claim.samples.push_back(
        {1, static_cast<std::uint32_t>(random() % n), static_cast<std::uint32_t>(random() % n)});
  }
  SparseEngine engine(claim.samples);
  const auto proof =
      MatmulProof::Compute(claim.seed, claim.shape, engine, [] { return false; }).value();
  claim.roots = proof->roots();
  answer->body = proof->Open(claim.samples)->SerializeAsString();
  made.push_back(std::move(answer));
  return *made.back();
}

void CheckSample(benchmark::State& state) {
  MatmulClaim claim = AnswerFor(static_cast<std::uint32_t>(state.range(0))).claim;
  v1::MatmulOpeningBody all;
  KAISAR_CHECK(all.ParseFromString(AnswerFor(claim.shape.n).body));
  const std::vector<MatmulSample> samples = claim.samples;
  std::vector<v1::MatmulOpeningBody> bodies(kSamples);
  for (std::size_t i = 0; i < kSamples; ++i) {
    *bodies[i].add_samples() = all.samples(static_cast<int>(i));
  }
  std::size_t i = 0;
  for (auto _ : state) {
    claim.samples = {samples[i]};
    KAISAR_CHECK(CheckOpening(claim, bodies[i]).ok());
    i = (i + 1) % kSamples;
  }
}
BENCHMARK(CheckSample)->Arg(256)->Arg(8192)->Unit(benchmark::kMicrosecond);

// From the bytes as they arrived: parsing included.
void CheckProof(benchmark::State& state) {
  const Answer& answer = AnswerFor(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) {
    v1::MatmulOpeningBody body;
    KAISAR_CHECK(body.ParseFromString(answer.body));
    KAISAR_CHECK(CheckOpening(answer.claim, body).ok());
  }
  state.counters["body bytes"] = static_cast<double>(answer.body.size());
}
BENCHMARK(CheckProof)->Arg(256)->Arg(8192)->Unit(benchmark::kMillisecond);

void RegenerateRow(benchmark::State& state) {
  std::vector<std::int8_t> row(8192);
  std::uint64_t index = 0;
  for (auto _ : state) {
    kernels::GenerateRows(Digest{}, kernels::Matrix::kW, ++index, 8192, absl::MakeSpan(row));
  }
}
BENCHMARK(RegenerateRow)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace kaisar::challenges

BENCHMARK_MAIN();
