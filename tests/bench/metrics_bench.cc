// What metrics and the status page cost: counting a challenge, and making the text that Prometheus
// or the page reads, with as many devices as a large slot has.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "checker/monitor/metric_table.h"
#include "checker/monitor/metrics.h"
#include "checker/monitor/metrics_chain.h"
#include "checker/monitor/metrics_run.h"
#include "checker/monitor/run_watch.h"
#include "checker/monitor/status_page.h"

namespace kaisar::checker {
namespace {

/// A second passes whenever it is asked for, so that no text is handed out twice.
class HurryingClock final : public Clock {
 public:
  std::uint64_t WallMs() const override { return MonotonicNs() / 1'000'000; }
  std::uint64_t MonotonicNs() const override { return now_ns_ += 1'000'000'000; }

 private:
  mutable std::uint64_t now_ns_ = 0;
};

/// An answered latency challenge of each device, counted.
struct Counted {
  explicit Counted(std::uint32_t devices) {
    for (std::uint32_t id = 1; id <= devices; ++id) {
      v1::Device& device = *epoch.roster.add_devices();
      device.set_id(id);
      device.set_phase(v1::STANDBY);
    }
    epoch.policy.latency.pings = 16;
    closed.set_kind(v1::LATENCY);
    closed.set_transport(v1::COMPLETED);
    closed.set_verdict(v1::PASS);
    for (std::uint32_t ping = 0; ping < 16; ++ping) {
      v1::LatencyEvidence::Echo& echo = *closed.mutable_latency()->add_echoes();
      echo.set_ping(ping);
      echo.set_rtt_us(20'000 + ping);
    }
    metrics.EpochBegan(epoch, {}, {});
    page.Begin(epoch, {}, {});
    page.AddTo(routes);
  }
  void CountAll() {
    for (const v1::Device& device : epoch.roster.devices()) {
      metrics.Closed(Outcome{planned, device, closed, nullptr, explanation, 65'000}, epoch.policy);
    }
  }
  void ShowAll() {
    for (const v1::Device& device : epoch.roster.devices()) {
      closed.set_device(device.id());
      page.Count(Outcome{planned, device, closed, nullptr, explanation, 65'000}, epoch.policy);
    }
  }

  HurryingClock clock;
  monitor::MetricSet set{MetricTable(), clock};
  RunWatch watch{"/", true, clock};
  ChallengeMetrics metrics{set};
  ChainMetrics chain{set, std::vector<std::string>(8, "https://rpc.example")};
  RunMetrics run{set, watch, clock};
  StatusPage page{{}, watch, clock};
  monitor::HttpRoutes routes;
  Epoch epoch{{}, 0, 0, {}, challenges::EpochKey::Derive({}, {}, 1, 0, 0), {}, {}};
  challenges::PlannedChallenge planned;
  v1::ChallengeClosed closed;
  std::string explanation;
};

void MakeText(benchmark::State& state) {
  Counted counted(static_cast<std::uint32_t>(state.range(0)));
  counted.CountAll();
  std::string text;
  for (auto _ : state) text = counted.set.Text();
  state.counters["bytes"] = static_cast<double>(text.size());
  state.counters["series"] = static_cast<double>(std::count(text.begin(), text.end(), '\n') -
                                                 2 * static_cast<long>(counted.set.table().size()));
}
BENCHMARK(MakeText)->Arg(200)->Arg(10'000)->Unit(benchmark::kMillisecond);

void CountChallenges(benchmark::State& state) {
  Counted counted(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) counted.CountAll();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(CountChallenges)->Arg(200)->Arg(10'000);

void MakeStatus(benchmark::State& state) {
  Counted counted(static_cast<std::uint32_t>(state.range(0)));
  for (std::size_t i = 0; i < kTraceLength; ++i) counted.ShowAll();
  std::string text;
  for (auto _ : state) {
    text = counted.routes.Answer({"GET", "127.0.0.1", ""}, {"/status.json", ""}).body;
  }
  state.counters["bytes"] = static_cast<double>(text.size());
}
BENCHMARK(MakeStatus)->Arg(200)->Arg(10'000)->Unit(benchmark::kMillisecond);

void ShowChallenges(benchmark::State& state) {
  Counted counted(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) counted.ShowAll();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ShowChallenges)->Arg(200)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kaisar::checker
