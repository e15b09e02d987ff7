// The plan of a whole network's epoch: time, and the most memory that the process ever held.
//
//   plan_bench
//   plan_bench --benchmark_filter=/10000/   the figure of docs/measurements.md, in a process of its
//   own
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <string>

#include "challenges/plan.h"

namespace kaisar::challenges {
namespace {

Digest Filled(std::uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

/// Devices in STANDBY, four to an owner.
v1::Roster MakeRoster(std::uint32_t devices) {
  v1::Roster roster;
  for (std::uint32_t id = 0; id < devices; ++id) {
    v1::Device& device = *roster.add_devices();
    device.set_id(id);
    std::string owner = std::to_string(id / 4);
    owner.resize(20, '\0');
    device.set_owner(owner);
    device.set_device_class("cpu");
    device.set_phase(v1::STANDBY);
  }
  return roster;
}

Policy MakePolicy(std::uint32_t latency, std::uint32_t matmul) {
  Policy policy;
  policy.guard_ms = 60'000;
  policy.phases[v1::STANDBY][v1::LATENCY].count = latency;
  policy.phases[v1::STANDBY][v1::MATMUL].count = matmul;
  return policy;
}

double PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1000.0;
}

void MakesThePlan(benchmark::State& state) {
  const v1::Roster roster = MakeRoster(static_cast<std::uint32_t>(state.range(0)));
  const Policy policy = MakePolicy(static_cast<std::uint32_t>(state.range(1)) - 8, 8);
  const EpochScope scope{1, 7, 3, 21'600'000, Filled(0x22)};
  const EpochKey key = EpochKey::Derive(Filled(0x11), scope.beacon, 1, 3, 7);
  const double before_mb = PeakMegabytes();
  std::size_t planned = 0;
  for (auto _ : state) planned = MakePlan(key, scope, roster, policy)->size();
  state.counters["challenges"] = static_cast<double>(planned);
  state.counters["before_mb"] = before_mb;
  state.counters["peak_mb"] = PeakMegabytes();
}
BENCHMARK(MakesThePlan)->Args({100, 368})->Args({10'000, 368})->Unit(benchmark::kMillisecond);

/// What sending one challenge adds: its id, its seed.
void DerivesIdAndSeed(benchmark::State& state) {
  const EpochScope scope{1, 7, 3, 21'600'000, Filled(0x22)};
  const EpochKey key = EpochKey::Derive(Filled(0x11), scope.beacon, 1, 3, 7);
  PlannedChallenge planned{0, 5, 0, v1::MATMUL};
  for (auto _ : state) {
    ++planned.sequence;
    benchmark::DoNotOptimize(ChallengeSeed(key, ChallengeId(scope, planned)));
  }
}
BENCHMARK(DerivesIdAndSeed);

}  // namespace
}  // namespace kaisar::challenges

BENCHMARK_MAIN();
