#pragma once

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "checker/monitor/readiness.h"
#include "checker/monitor/run_watch.h"
#include "monitor/metric_set.h"

namespace kaisar::checker {

/// What a run knows of itself, as metrics; looked up when they are read.
///
/// Threads: all methods from any thread.
class RunMetrics {
 public:
  /// `metrics` has the table of checker/monitor/metric_table.h; all references must outlive it.
  RunMetrics(monitor::MetricSet& metrics, RunWatch& watch, const Clock& clock);

  /// The epoch whose log is written now, and what the log will grow to.
  void EpochBegan(const std::string& log_path, std::uint64_t end_ms, std::uint64_t estimate_bytes);

 private:
  void Fill();
  void FillRun(const RunFacts& facts);
  void FillEpoch();

  monitor::MetricSet& metrics_;
  RunWatch& watch_;
  const Clock& clock_;
  Mutex mutex_;
  std::string log_path_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t end_ms_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace kaisar::checker
