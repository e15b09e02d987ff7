// What a challenge costs the checker apart from the network: issued, signed, logged on disk,
// judged, closed; and how late challenges are sent. The devices cost nothing: they answer at once,
// and what they answer was signed before for another challenge, which takes as long to check as a
// right one.
#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "audit/log_writer.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/signing_key.h"
#include "checker/dispatcher.h"

namespace kaisar::checker {
namespace {

Digest Filled(std::uint8_t byte) {
  Digest digest;
  digest.fill(byte);
  return digest;
}

SigningKey Key(std::uint8_t byte) {
  auto key = SigningKey::Parse(Filled(byte));
  KAISAR_CHECK(key.ok());
  return *std::move(key);
}

/// Echoes all pings at once.
class QuickClient final : public ProviderClient {
 public:
  QuickClient() {
    for (std::uint32_t i = 0; i < 16; ++i) {
      v1::LatencyEvidence::Echo& echo = *answer_.evidence.add_echoes();
      echo.set_ping(i);
      echo.set_rtt_us(20'000);
    }
    answer_.end.transport = v1::COMPLETED;
    answer_.evidence.mutable_transcript()->set_signature(ToString(Key(2).Sign(Filled(3))));
  }
  void RunLatency(const v1::Device&, LatencyCallSpec,
                  absl::AnyInvocable<void(LatencyAnswer)> done) override {
    done(answer_);
  }
  std::shared_ptr<MatmulCall> StartMatmul(const v1::Device&, MatmulCallSpec,
                                          absl::AnyInvocable<void(v1::CommitmentReceived)>,
                                          absl::AnyInvocable<void(MatmulAnswer)>) override {
    KAISAR_CHECK(false);
  }
  std::shared_ptr<BandwidthCall> StartBandwidth(
      const v1::Device&, BandwidthCallSpec, absl::AnyInvocable<void(BandwidthOpening)>,
      absl::AnyInvocable<void(BandwidthAnswer)>) override {
    KAISAR_CHECK(false);
  }
  void Describe(const v1::Device&, std::uint32_t,
                absl::AnyInvocable<void(DescribeAnswer)> done) override {
    DescribeAnswer answer;
    answer.end.transport = v1::COMPLETED;
    done(std::move(answer));
  }

 private:
  LatencyAnswer answer_;
};

class NoProber final : public ReachabilityProber {
 public:
  void Probe(std::vector<std::string>, unsigned,
             absl::AnyInvocable<void(ReachabilityResult)> done) override {
    done({});
  }
};

class NoProcesses final : public ProcessRunner {
 public:
  absl::StatusOr<std::shared_ptr<Process>> Start(ProcessSpec, OnLine, OnEnd) override {
    return absl::ResourceExhaustedError("there are none");
  }
};

std::shared_ptr<const Epoch> MakeEpoch(std::uint32_t devices, std::uint64_t epoch_ms) {
  v1::Roster roster;
  roster.set_contract(std::string(20, '\0'));
  const Address address = Key(2).address();
  for (std::uint32_t id = 0; id < devices; ++id) {
    v1::Device& device = *roster.add_devices();
    device.set_id(id);
    device.set_owner(std::string(20, '\1'));
    device.set_key(ToString(address));
    device.set_device_class("gpu");
    device.set_phase(v1::STANDBY);
  }
  challenges::Policy policy;
  policy.slack_ms = 60'000;
  policy.clock_step_ms = 1000;
  policy.latency = {16, 50, 5000, 50'000, 500'000};
  policy.classes["gpu"] = {8192, 64, 30'000, 5000};
  policy.phases[v1::STANDBY][v1::LATENCY].count = 1;
  challenges::EpochScope scope;
  scope.epoch_ms = epoch_ms;
  const std::uint64_t now_ms = RealClock().WallMs();
  return std::make_shared<const Epoch>(
      Epoch{scope, now_ms, now_ms + epoch_ms, Filled(4),
            challenges::EpochKey::Derive(Filled(4), scope.beacon, 0, 0, 0), std::move(roster),
            std::move(policy)});
}

std::uint64_t CpuUs() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

/// Runs a plan in real time on a real log, and gives the lateness of each challenge in ms.
std::vector<std::uint64_t> RunPlan(std::uint32_t devices, std::uint64_t epoch_ms) {
  std::string directory = std::filesystem::temp_directory_path().string() + "/dispatch.XXXXXX";
  KAISAR_CHECK(mkdtemp(directory.data()) != nullptr);
  const auto epoch = MakeEpoch(devices, epoch_ms);
  auto plan = challenges::MakePlan(epoch->key, epoch->scope, epoch->roster, epoch->policy);
  auto log = audit::LogWriter::Create(directory + "/epoch-0.log");
  KAISAR_CHECK(plan.ok() && log.ok());
  // The first record is not looked at here, but a log begins with it.
  v1::Record opened;
  *opened.mutable_epoch_opened()->mutable_roster() = epoch->roster;
  KAISAR_CHECK((*log)->AppendAndWait(opened.SerializeAsString()).ok());
  std::vector<std::uint64_t> late_ms;
  {
    QuickClient client;
    NoProber prober;
    CheckPool checks(1);
    const SigningKey key = Key(1);
    NoProcesses processes;
    const std::string iperf;
    Dispatcher dispatcher(
        epoch, *std::move(plan), ResumePoint(), DispatchLimits(), {},
        DispatchServices{RealClock(), client, prober, checks, **log, key, processes, iperf},
        [&](const Outcome& outcome) {
          late_ms.push_back(outcome.closed.sent_ms() - outcome.closed.due_ms());
        });
    while (true) {
      const std::uint64_t wake_ms = dispatcher.Poll();
      if (dispatcher.finished()) break;
      const std::uint64_t now_ms = RealClock().WallMs();
      dispatcher.events().WaitFor(wake_ms > now_ms ? wake_ms - now_ms : 0);
    }
    KAISAR_CHECK(dispatcher.status().ok());
  }
  log->reset();
  std::filesystem::remove_all(directory);
  return late_ms;
}

// All at once: what a challenge costs in CPU, all threads together, and how many a second go
// through.
void DispatchesABurst(benchmark::State& state) {
  const auto devices = static_cast<std::uint32_t>(state.range(0));
  std::uint64_t cpu_us = 0;
  std::uint64_t count = 0;
  for (auto _ : state) {
    const std::uint64_t before_us = CpuUs();
    count += RunPlan(devices, 10).size();
    cpu_us += CpuUs() - before_us;
  }
  state.counters["cpu_us_per_challenge"] =
      static_cast<double>(cpu_us) / static_cast<double>(std::max<std::uint64_t>(count, 1));
  state.SetItemsProcessed(static_cast<std::int64_t>(count));
}
BENCHMARK(DispatchesABurst)
    ->Arg(200)
    ->Arg(10'000)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// A latency challenge of each device in so many seconds: share of a core, and lateness.
void DispatchesInTime(benchmark::State& state) {
  const auto devices = static_cast<std::uint32_t>(state.range(0));
  const auto seconds = static_cast<std::uint64_t>(state.range(1));
  for (auto _ : state) {
    const std::uint64_t before_us = CpuUs();
    std::vector<std::uint64_t> late_ms = RunPlan(devices, seconds * 1000);
    const double cpu_us = static_cast<double>(CpuUs() - before_us);
    std::sort(late_ms.begin(), late_ms.end());
    state.counters["core_percent"] = cpu_us / (static_cast<double>(seconds) * 10'000.0);
    state.counters["late_p50_ms"] = static_cast<double>(late_ms[late_ms.size() / 2]);
    state.counters["late_p99_ms"] = static_cast<double>(late_ms[late_ms.size() * 99 / 100]);
    state.counters["late_most_ms"] = static_cast<double>(late_ms.back());
  }
}
BENCHMARK(DispatchesInTime)
    ->Args({60, 1})
    ->Args({2000, 60})
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kaisar::checker

BENCHMARK_MAIN();
