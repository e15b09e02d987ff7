#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "kaisar/v1/provider.pb.h"
#include "monitor/http_routes.h"
#include "monitor/metric_set.h"
#include "provider/hooks.h"
#include "provider/readiness.h"

namespace kaisar::provider {

/// What a provider does, as metrics.
///
/// Threads: all methods from any thread.
class Metrics {
 public:
  Metrics(const std::string& version, const Clock& clock);

  /// Hooks that count here; it must outlive them.
  ProviderHooks Hooks();
  /// What the devices said of themselves last: is asked for when the metrics are read, and may
  /// answer later. Before the first reading.
  void ReadDevices(std::function<void(std::function<void(const v1::DescribeResponse&)>)> ask);
  /// How the provider stands; asked when the metrics are read, and for /readyz. Before the first
  /// reading and before Routes.
  void ReadFacts(std::function<ServingFacts()> read);
  /// /metrics and /healthz, and /readyz where there is ReadFacts.
  monitor::HttpRoutes Routes(const std::string& token);

 private:
  void NoteFacts(const ServingFacts& facts);
  void NoteChain(const std::vector<OwnDevice>& devices);
  void NoteDevices(const v1::DescribeResponse& response);
  void NoteGpu(const v1::GpuInformation& gpu) ABSL_EXCLUSIVE_LOCKS_REQUIRED(gpus_mutex_);

  monitor::MetricSet metrics_;
  Mutex gpus_mutex_;  // of the gauges of GPUs, which come and go
  std::function<ServingFacts()> read_facts_;
};

}  // namespace kaisar::provider
