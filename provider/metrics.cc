#include "provider/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <utility>

#include "provider/metric_table.h"
#include "provider/refusal.h"

namespace kaisar::provider {
namespace {

// A proof of the smallest class on a CPU takes some ms, the largest class's deadline is 30 s.
const std::vector<double> kProofSeconds = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                           1,    2.5,   5,    10,  20,   40};

std::string NameOf(v1::Kind kind) {
  switch (kind) {
    case v1::LATENCY:
      return "latency";
    case v1::BANDWIDTH:
      return "bandwidth";
    default:
      return "matmul";
  }
}

}  // namespace

// All series from the start, so that the first of each is an increase.
Metrics::Metrics(const std::string& version, const Clock& clock) : metrics_(MetricTable(), clock) {
  metrics_.Gauge("kaisar_provider_build_info", {{"version", version}}).Set(1);
  for (const v1::Kind kind : {v1::LATENCY, v1::BANDWIDTH, v1::MATMUL}) {
    metrics_.Counter("kaisar_provider_challenges_taken_total", {{"kind", NameOf(kind)}});
    for (const absl::string_view reason : kRefusalReasons) {
      metrics_.Counter("kaisar_provider_challenges_refused_total",
                       {{"kind", NameOf(kind)}, {"reason", std::string(reason)}});
    }
  }
  metrics_.Gauge("kaisar_provider_devices");
  metrics_.Gauge("kaisar_provider_devices_in_trouble");
  metrics_.Gauge("kaisar_provider_matmul_in_work");
  metrics_.Histogram("kaisar_provider_proof_seconds", kProofSeconds);
  metrics_.Counter("kaisar_provider_proofs_failed_total");
  metrics_.Counter("kaisar_provider_proofs_dropped_total");
}

ProviderHooks Metrics::Hooks() {
  ProviderHooks hooks;
  hooks.taken = [this](v1::Kind kind) {
    metrics_.Counter("kaisar_provider_challenges_taken_total", {{"kind", NameOf(kind)}})
        .Increment();
    if (kind == v1::MATMUL) metrics_.Gauge("kaisar_provider_matmul_in_work").Increment();
  };
  hooks.refused = [this](v1::Kind kind, absl::string_view reason) {
    metrics_
        .Counter("kaisar_provider_challenges_refused_total",
                 {{"kind", NameOf(kind)}, {"reason", std::string(reason)}})
        .Increment();
  };
  hooks.proved = [this](std::uint64_t elapsed_ns, const absl::Status& status) {
    metrics_.Gauge("kaisar_provider_matmul_in_work").Decrement();
    if (status.ok()) {
      metrics_.Histogram("kaisar_provider_proof_seconds", kProofSeconds)
          .Observe(static_cast<double>(elapsed_ns) / 1e9);
    } else if (absl::IsCancelled(status)) {
      metrics_.Counter("kaisar_provider_proofs_dropped_total").Increment();
    } else {
      metrics_.Counter("kaisar_provider_proofs_failed_total").Increment();
    }
  };
  return hooks;
}

void Metrics::ReadDevices(
    std::function<void(std::function<void(const v1::DescribeResponse&)>)> ask) {
  metrics_.BeforeReading([this, ask = std::move(ask)] {
    ask([this](const v1::DescribeResponse& response) { NoteDevices(response); });
  });
}

void Metrics::ReadFacts(std::function<ServingFacts()> read) {
  read_facts_ = std::move(read);
  metrics_.BeforeReading([this] { NoteFacts(read_facts_()); });
}

monitor::HttpRoutes Metrics::Routes(const std::string& token) {
  monitor::HttpRoutes routes(token);
  routes.Add("/metrics", [this](const monitor::HttpRequest&) {
    monitor::HttpReply reply;
    reply.content_type = monitor::kMetricsContentType;
    reply.body = metrics_.Text();
    return reply;
  });
  routes.Add("/healthz", [](const monitor::HttpRequest&) {
    return monitor::JsonReply(true, "{\"alive\": true}\n");
  });
  if (!read_facts_) return routes;
  routes.Add("/readyz", [this](const monitor::HttpRequest&) {
    const Readiness readiness = CheckReadiness(read_facts_());
    return monitor::JsonReply(
        readiness.ready,
        monitor::ProblemsJson("ready", readiness.ready, readiness.problems, &KeepsFromEarning));
  });
  return routes;
}

void Metrics::NoteFacts(const ServingFacts& facts) {
  const Readiness readiness = CheckReadiness(facts);
  metrics_.Gauge("kaisar_provider_ready").Set(readiness.ready ? 1 : 0);
  for (const absl::string_view code : kProblemCodes) {
    const bool found = std::any_of(readiness.problems.begin(), readiness.problems.end(),
                                   [&](const auto& problem) { return problem.code == code; });
    metrics_.Gauge("kaisar_provider_problems", {{"code", std::string(code)}}).Set(found ? 1 : 0);
  }
  metrics_.Gauge("kaisar_provider_slots_served").Set(static_cast<double>(facts.slots_served));
  NoteChain(facts.chain_devices);
  monitor::RaiseTo(metrics_.Counter("kaisar_provider_clock_steps_total"),
                   static_cast<double>(facts.clock_steps));
}

// Nothing is said of what has not been read yet.
void Metrics::NoteChain(const std::vector<OwnDevice>& devices) {
  const auto note = [&](const char* name, const auto& known, const auto& counts) {
    if (devices.empty() || !std::all_of(devices.begin(), devices.end(), known)) return;
    const auto count = std::count_if(devices.begin(), devices.end(), counts);
    metrics_.Gauge(name).Set(static_cast<double>(count));
  };
  note(
      "kaisar_provider_devices_with_other_key",
      [](const OwnDevice& device) { return device.registered_key.has_value(); },
      [](const OwnDevice& device) { return device.has_other_key(); });
  note(
      "kaisar_provider_devices_in_epoch",
      [](const OwnDevice& device) { return device.in_epoch.has_value(); },
      [](const OwnDevice& device) { return *device.in_epoch; });
}

void Metrics::NoteDevices(const v1::DescribeResponse& response) {
  int in_trouble = 0;
  MutexLock lock(gpus_mutex_);
  for (const v1::DeviceDescription& device : response.devices()) {
    if (!device.trouble().empty()) ++in_trouble;
    if (device.has_gpu()) NoteGpu(device.gpu());
  }
  metrics_.Gauge("kaisar_provider_devices").Set(response.devices_size());
  metrics_.Gauge("kaisar_provider_devices_in_trouble").Set(in_trouble);
}

// What the driver does not tell, or no longer, is left out.
void Metrics::NoteGpu(const v1::GpuInformation& gpu) {
  const auto set = [&](const char* name, bool known, double value) {
    const monitor::MetricLabels labels = {{"gpu", gpu.uuid()}};
    if (known) {
      metrics_.Gauge(name, labels).Set(value);
    } else {
      metrics_.RemoveGauge(name, labels);
    }
  };
  set("kaisar_provider_gpu_temperature_celsius", gpu.has_temperature_c(), gpu.temperature_c());
  set("kaisar_provider_gpu_power_watts", gpu.has_power_mw(), gpu.power_mw() / 1e3);
  set("kaisar_provider_gpu_power_limit_watts", gpu.has_power_limit_mw(),
      gpu.power_limit_mw() / 1e3);
  set("kaisar_provider_gpu_sm_clock_hertz", gpu.has_sm_clock_mhz(), gpu.sm_clock_mhz() * 1e6);
  set("kaisar_provider_gpu_memory_clock_hertz", gpu.has_memory_clock_mhz(),
      gpu.memory_clock_mhz() * 1e6);
  set("kaisar_provider_gpu_utilization_ratio", gpu.has_utilization_percent(),
      gpu.utilization_percent() / 1e2);
  set("kaisar_provider_gpu_memory_free_bytes", gpu.has_memory_free_bytes(),
      static_cast<double>(gpu.memory_free_bytes()));
  set("kaisar_provider_gpu_memory_size_bytes", gpu.has_memory_total_bytes(),
      static_cast<double>(gpu.memory_total_bytes()));
  set("kaisar_provider_gpu_ecc_errors", gpu.has_ecc_errors(),
      static_cast<double>(gpu.ecc_errors()));
}

}  // namespace kaisar::provider
