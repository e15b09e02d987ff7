// A report from scores to root, and back to one device's proof: what a checker does at an epoch's
// end, and an auditor for every report.
//
//   report_tree_bench --benchmark_filter=/1000000   the figure of docs/measurements.md
#include <benchmark/benchmark.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "audit/report.h"
#include "audit/report_tree.h"

namespace kaisar::audit {
namespace {

std::vector<DeviceScore> MakeScores(std::int64_t devices) {
  std::vector<DeviceScore> scores(static_cast<std::size_t>(devices));
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i].device = static_cast<std::uint32_t>(i);
    scores[i].score = static_cast<std::uint8_t>(i * 31 % 201);
  }
  return scores;
}

/// Words, leaves and root of range(0) devices.
void BM_MakeReportTree(benchmark::State& state) {
  const std::vector<DeviceScore> scores = MakeScores(state.range(0));
  for (auto _ : state) {
    const auto tree = ReportTree::Make(PackScores(scores));
    if (!tree.ok()) state.SkipWithError("words do not ascend");
    benchmark::DoNotOptimize(tree->root());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_MakeReportTree)
    ->Arg(70)
    ->Arg(700)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);

/// The commitment over the words of range(0) devices.
void BM_CommitToWords(benchmark::State& state) {
  Report report;
  report.words = PackScores(MakeScores(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(ReportCommitment(report));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_CommitToWords)->Arg(700)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

/// One device's proof and its check in a report of range(0) devices.
void BM_ProveAndCheck(benchmark::State& state) {
  const auto tree = ReportTree::Make(PackScores(MakeScores(state.range(0))));
  if (!tree.ok()) {
    state.SkipWithError("words do not ascend");
    return;
  }
  std::uint32_t device = 0;
  for (auto _ : state) {
    device = static_cast<std::uint32_t>((device + 7919) % state.range(0));
    if (!OpensLeafOf(tree->Prove(device), device, tree->root())) {
      state.SkipWithError("a proof does not open its leaf");
    }
  }
}
BENCHMARK(BM_ProveAndCheck)->Arg(700)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace kaisar::audit

BENCHMARK_MAIN();
