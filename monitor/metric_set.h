#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace kaisar::monitor {

enum class MetricType { kCounter, kGauge, kHistogram };

/// One metric, as its readers are told of it.
struct MetricInfo {
  absl::string_view name;
  MetricType type;
  absl::string_view labels;  // their names, by commas; empty: none
  absl::string_view help;
};

/// Values of the labels, by name.
using MetricLabels = std::map<std::string, std::string>;

/// The metrics of one program, in Prometheus's text format 0.0.4, and those of its process that all
/// programs have. Each is in the table, of the type and with the labels that stand there; anything
/// else is a bug of ours.
///
/// Threads: all methods from any thread, and the metrics that they give as well; those live as long
///          as the set, or until RemoveGauge.
class MetricSet {
 public:
  /// `clock` must outlive it.
  MetricSet(std::vector<MetricInfo> table, const Clock& clock);
  ~MetricSet();

  /// The metric of these labels; again: the same.
  prometheus::Counter& Counter(absl::string_view name, const MetricLabels& labels = {});
  prometheus::Gauge& Gauge(absl::string_view name, const MetricLabels& labels = {});
  prometheus::Histogram& Histogram(absl::string_view name, const std::vector<double>& bounds,
                                   const MetricLabels& labels = {});

  /// Takes a gauge out whose value is no longer known, if it is there; what Gauge gave of it ends.
  void RemoveGauge(absl::string_view name, const MetricLabels& labels);

  const std::vector<MetricInfo>& table() const { return table_; }

  /// Calls `fill` before the metrics are read, for what is only worth looking up then. Before the
  /// first Text.
  void BeforeReading(std::function<void()> fill) { fills_.push_back(std::move(fill)); }

  /// All of it. Made at most four times a second, however often it is asked for.
  std::string Text();

 private:
  struct Families;
  const MetricInfo& Find(absl::string_view name, MetricType type, const MetricLabels& labels) const;
  void FillProcess();

  const std::vector<MetricInfo> table_;
  const Clock& clock_;
  const std::unique_ptr<Families> families_;
  std::vector<std::function<void()>> fills_;
  Mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t made_ns_ ABSL_GUARDED_BY(mutex_) = 0;  // monotonic; 0: never
};

/// Raises a counter to what was counted elsewhere.
void RaiseTo(prometheus::Counter& counter, double value);

/// The content type of MetricSet::Text.
inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace kaisar::monitor
