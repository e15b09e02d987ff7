// One round of the matmul proof on one core, beside oneDNN's int8 product of the same size.
//
//   kernels_bench                      the best instruction set of this machine, for both
//   KAISAR_TARGET=AVX2 kernels_bench   both held to AVX2 (oneDNN: through ONEDNN_MAX_CPU_ISA)
#include <benchmark/benchmark.h>
#include <hwy/targets.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#ifdef KAISAR_ONEDNN
#include <dnnl.hpp>
#endif

#include "kernels/element.h"
#include "kernels/host_engine.h"
#include "kernels/merkle_tree.h"
#include "kernels/rows.h"

namespace kaisar::kernels {
namespace {

using State = std::vector<std::int8_t>;

State RandomState(std::uint32_t n) {
  Digest seed{};
  State state(std::size_t{n} * n);
  GenerateRows(seed, Matrix::kZ0, 0, n, absl::MakeSpan(state));
  return state;
}

void ReportProducts(benchmark::State& state, std::uint32_t n) {
  state.counters["GMAC/s"] = benchmark::Counter(static_cast<double>(n) * n * n * 1e-9,
                                                benchmark::Counter::kIsIterationInvariantRate);
}

void Round(benchmark::State& state) {
  const auto n = static_cast<std::uint32_t>(state.range(0));
  const auto engine = MakeCpuEngine(1);
  if (!engine->Begin(Digest{}, n).ok()) return state.SkipWithError("no memory");
  State from = RandomState(n);
  State to(from.size());
  if (!engine->Round({}, absl::MakeSpan(to), [] { return false; }).ok()) {
    return state.SkipWithError("cancelled");
  }
  for (auto _ : state) {
    if (!engine->Round(from, absl::MakeSpan(to), [] { return false; }).ok()) {
      return state.SkipWithError("cancelled");
    }
    std::swap(from, to);
  }
  state.SetLabel(engine->Description());
  ReportProducts(state, n);
}
BENCHMARK(Round)->Arg(256)->Arg(1024)->Arg(2048)->Arg(4096)->Unit(benchmark::kMillisecond);

// Generates W and Z_0, packs both, and multiplies once.
void FirstRound(benchmark::State& state) {
  const auto n = static_cast<std::uint32_t>(state.range(0));
  const auto engine = MakeCpuEngine(1);
  State to(std::size_t{n} * n);
  for (auto _ : state) {
    if (!engine->Begin(Digest{}, n).ok() ||
        !engine->Round({}, absl::MakeSpan(to), [] { return false; }).ok()) {
      return state.SkipWithError("no memory");
    }
  }
}
BENCHMARK(FirstRound)->Arg(256)->Arg(2048)->Unit(benchmark::kMillisecond);

#ifdef KAISAR_ONEDNN
// The percentage of sums beside the diagonal that are not exact: without VNNI oneDNN adds pairs of
// products in 16 bits, where they saturate.
double WrongPercent(const State& elements, const std::int32_t* sums, std::uint32_t n) {
  const absl::Span<const std::int8_t> rows = elements;
  std::uint32_t wrong = 0;
  for (std::uint32_t r = 0; r < n; ++r) {
    const std::uint32_t c = (r + 1) % n;
    const std::int32_t exact =
        DotProduct(rows.subspan(std::size_t{r} * n, n), rows.subspan(std::size_t{c} * n, n));
    if (sums[std::size_t{r} * n + c] != exact) ++wrong;
  }
  return 100.0 * wrong / n;
}

// s8 · s8ᵀ → s32, packed by the library as it likes best, packing not counted: in its favour, since
// ours packs the state in every round.
void OneDnn(benchmark::State& state) {
  const auto n = static_cast<std::uint32_t>(state.range(0));
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  using Memory = dnnl::memory;
  const Memory::dims shape = {n, n};
  const Memory::desc w_desc(shape, Memory::data_type::s8, Memory::format_tag::any);
  const Memory::desc z_desc(shape, Memory::data_type::s8, Memory::format_tag::any);
  const Memory::desc sum_desc(shape, Memory::data_type::s32, Memory::format_tag::ab);
  const dnnl::matmul::primitive_desc plan({w_desc, z_desc, sum_desc}, engine);
  const dnnl::matmul product(plan);
  State elements = RandomState(n);
  Memory w_plain({shape, Memory::data_type::s8, Memory::format_tag::ab}, engine, elements.data());
  Memory z_plain({shape, Memory::data_type::s8, Memory::format_tag::ba}, engine, elements.data());
  Memory w(plan.src_desc(), engine), z(plan.weights_desc(), engine), sum(plan.dst_desc(), engine);
  dnnl::reorder(w_plain, w).execute(stream, w_plain, w);
  dnnl::reorder(z_plain, z).execute(stream, z_plain, z);
  stream.wait();
  for (auto _ : state) {
    product.execute(stream, {{DNNL_ARG_SRC, w}, {DNNL_ARG_WEIGHTS, z}, {DNNL_ARG_DST, sum}});
    stream.wait();
  }
  state.SetLabel(plan.impl_info_str());
  state.counters["wrong %"] =
      WrongPercent(elements, static_cast<const std::int32_t*>(sum.get_data_handle()), n);
  ReportProducts(state, n);
}
BENCHMARK(OneDnn)->Arg(256)->Arg(1024)->Arg(2048)->Arg(4096)->Unit(benchmark::kMillisecond);
#endif

void RowDotProduct(benchmark::State& state) {
  State rows(2 * 8192);
  GenerateRows(Digest{}, Matrix::kW, 0, 8192, absl::MakeSpan(rows));
  const absl::Span<const std::int8_t> both = rows;
  for (auto _ : state) {
    benchmark::DoNotOptimize(DotProduct(both.first(8192), both.subspan(8192)));
  }
}
BENCHMARK(RowDotProduct);

void Merkle(benchmark::State& state) {
  const State elements = RandomState(1024);
  for (auto _ : state) {
    benchmark::DoNotOptimize(MerkleTree::Build(elements, 1024, 1).root());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(elements.size()));
}
BENCHMARK(Merkle)->Unit(benchmark::kMillisecond);

// One dependent addition a cycle: the clock that the other figures were taken at. On shared
// machines it is what a neighbour on the same core leaves.
void Clock(benchmark::State& state) {
  std::uint64_t sum = 0;
  for (auto _ : state) {
    for (int i = 0; i < 1'000'000; ++i) {
      ++sum;
      __asm__ volatile("" : "+r"(sum));
    }
  }
  state.counters["GHz"] = benchmark::Counter(1e-3, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(Clock);

// oneDNN and its OpenMP read the environment when they are loaded: sets it and starts over.
void RestartWith(const char* name, const char* value, char** argv) {
  const char* const before = std::getenv(name);
  if (before != nullptr && std::string(before) == value) return;
  setenv(name, value, 1);
  execv("/proc/self/exe", argv);
  std::perror("cannot start over");
  std::exit(2);
}

}  // namespace
}  // namespace kaisar::kernels

int main(int argc, char** argv) {
  kaisar::kernels::RestartWith("OMP_NUM_THREADS", "1", argv);
  if (const char* const target = std::getenv("KAISAR_TARGET"); target != nullptr) {
    if (std::string(target) != "AVX2") {
      std::fprintf(stderr, "KAISAR_TARGET is %s, expected AVX2 or nothing\n", target);
      return 2;
    }
    kaisar::kernels::RestartWith("ONEDNN_MAX_CPU_ISA", "AVX2", argv);
    hwy::SetSupportedTargetsForTest(HWY_AVX2);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
