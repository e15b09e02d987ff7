#include "monitor/metric_set.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_join.h"
#include "base/check.h"
#include "monitor/process_figures.h"

namespace kaisar::monitor {
namespace {

constexpr std::uint64_t kFreshNs = 250'000'000;  // so that readers cost next to nothing

constexpr MetricInfo kProcessTable[] = {
    {"process_cpu_seconds_total", MetricType::kCounter, "",
     "CPU time of the process, user and system."},
    {"process_resident_memory_bytes", MetricType::kGauge, "",
     "Memory of the process that is in RAM."},
    {"process_virtual_memory_bytes", MetricType::kGauge, "", "Address space of the process."},
    {"process_open_fds", MetricType::kGauge, "", "Open files and sockets of the process."},
    {"process_max_fds", MetricType::kGauge, "", "How many files and sockets it may open."},
    {"process_threads", MetricType::kGauge, "", "Threads of the process."},
    {"process_start_time_seconds", MetricType::kGauge, "", "When the process started, Unix time."},
};

std::vector<MetricInfo> WithProcess(std::vector<MetricInfo> table) {
  table.insert(table.end(), std::begin(kProcessTable), std::end(kProcessTable));
  return table;
}

}  // namespace

struct MetricSet::Families {
  prometheus::Registry registry;

  template <typename Builder>
  auto& Of(Builder builder, const MetricInfo& info) {
    return builder.Name(std::string(info.name)).Help(std::string(info.help)).Register(registry);
  }
};

MetricSet::MetricSet(std::vector<MetricInfo> table, const Clock& clock)
    : table_(WithProcess(std::move(table))),
      clock_(clock),
      families_(std::make_unique<Families>()) {
  BeforeReading([this] { FillProcess(); });
}

MetricSet::~MetricSet() = default;

const MetricInfo& MetricSet::Find(absl::string_view name, MetricType type,
                                  const MetricLabels& labels) const {
  const auto first = [](std::string* out, const auto& label) { out->append(label.first); };
  const auto info = std::find_if(table_.begin(), table_.end(),
                                 [&](const MetricInfo& each) { return each.name == name; });
  KAISAR_CHECK(info != table_.end());
  KAISAR_CHECK(info->type == type);
  KAISAR_CHECK(absl::StrJoin(labels, ",", first) == info->labels);
  return *info;
}

prometheus::Counter& MetricSet::Counter(absl::string_view name, const MetricLabels& labels) {
  const MetricInfo& info = Find(name, MetricType::kCounter, labels);
  return families_->Of(prometheus::BuildCounter(), info).Add(labels);
}

prometheus::Gauge& MetricSet::Gauge(absl::string_view name, const MetricLabels& labels) {
  const MetricInfo& info = Find(name, MetricType::kGauge, labels);
  return families_->Of(prometheus::BuildGauge(), info).Add(labels);
}

void MetricSet::RemoveGauge(absl::string_view name, const MetricLabels& labels) {
  const MetricInfo& info = Find(name, MetricType::kGauge, labels);
  auto& family = families_->Of(prometheus::BuildGauge(), info);
  if (family.Has(labels)) family.Remove(&family.Add(labels));
}

prometheus::Histogram& MetricSet::Histogram(absl::string_view name,
                                            const std::vector<double>& bounds,
                                            const MetricLabels& labels) {
  const MetricInfo& info = Find(name, MetricType::kHistogram, labels);
  return families_->Of(prometheus::BuildHistogram(), info).Add(labels, bounds);
}

void MetricSet::FillProcess() {
  const auto figures = ReadProcessFigures();
  if (!figures.ok()) return;
  RaiseTo(Counter("process_cpu_seconds_total"), figures->cpu_seconds);
  const auto set = [this](absl::string_view name, auto value) {
    Gauge(name).Set(static_cast<double>(value));
  };
  set("process_resident_memory_bytes", figures->resident_bytes);
  set("process_virtual_memory_bytes", figures->virtual_bytes);
  set("process_open_fds", figures->open_files);
  set("process_max_fds", figures->most_open_files);
  set("process_threads", figures->threads);
  set("process_start_time_seconds", figures->start_time_seconds);
}

std::string MetricSet::Text() {
  MutexLock lock(mutex_);
  const std::uint64_t now_ns = clock_.MonotonicNs();
  if (made_ns_ != 0 && now_ns < made_ns_ + kFreshNs) return text_;
  for (const auto& fill : fills_) fill();
  text_ = prometheus::TextSerializer().Serialize(families_->registry.Collect());
  made_ns_ = now_ns;
  return text_;
}

void RaiseTo(prometheus::Counter& counter, double value) {
  counter.Increment(value - counter.Value());
}

}  // namespace kaisar::monitor
