#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"
#include "checker/slot_status.h"
#include "monitor/metric_set.h"
#include "reporter/submitter.h"

namespace kaisar::checker {

/// What becomes of the reports and how the slot stands on the chain, as metrics.
///
/// Threads: all methods from any thread.
class ChainMetrics {
 public:
  /// `metrics` has the table of checker/monitor/metric_table.h and must outlive it. `endpoints` are
  /// the config's URLs; metrics bear their scheme, host and port alone.
  ChainMetrics(monitor::MetricSet& metrics, const std::vector<std::string>& endpoints);

  /// A report is there whose commit window is not over.
  void Reported(std::uint32_t epoch);
  /// A report went on to another stage. The first one that this run sees is shown; a report that is
  /// accepted or missed by then was counted before, or by another run.
  void StageChanged(const reporter::EpochStage& stage);
  /// Something else uses the slot's key, and this run commits nothing more.
  void KeyHeld();
  void SignatureRefused();
  /// A request to an endpoint ended; `endpoint` is its URL.
  void Requested(const std::string& endpoint, std::uint64_t elapsed_ns, const absl::Status& status);
  /// Every endpoint was asked; whether it answered, by EndpointName.
  void Asked(const std::map<std::string, bool>& answers);
  /// The slot's status was read at `wall_ms`, or could not be.
  void Read(const SlotStatus& status, std::uint64_t wall_ms);
  void CannotRead();

 private:
  void Set(absl::string_view name, double value);
  void ReadAccount(const SlotStatus& status);

  monitor::MetricSet& metrics_;
  Mutex mutex_;
  std::map<std::uint32_t, reporter::Stage> stages_ ABSL_GUARDED_BY(mutex_);  // by epoch
  std::set<std::uint32_t> accepted_ ABSL_GUARDED_BY(mutex_);                 // epochs
};

}  // namespace kaisar::checker
