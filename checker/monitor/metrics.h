#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "challenges/plan.h"
#include "challenges/policy.h"
#include "checker/dispatch_figures.h"
#include "checker/epoch.h"
#include "checker/outcome.h"
#include "checker/resume.h"
#include "kaisar/v1/log.pb.h"
#include "monitor/metric_set.h"

namespace kaisar::checker {

/// What an epoch's challenges come to, as metrics.
///
/// Threads: all methods from any thread; none waits for who reads the metrics.
/// Cost:    some 1 µs a challenge; the metrics are as many whatever the number of devices.
class ChallengeMetrics {
 public:
  /// `metrics` has the table of checker/monitor/metric_table.h and must outlive it.
  explicit ChallengeMetrics(monitor::MetricSet& metrics);

  void EpochBegan(const Epoch& epoch, const std::vector<challenges::PlannedChallenge>& plan,
                  const ResumePoint& resume);
  void Closed(const Outcome& outcome, const challenges::Policy& policy);
  void Polled(const DispatchFigures& figures);
  void EpochReported();

 private:
  /// What each kind has; the index is v1::Kind.
  struct OfKind {
    prometheus::Gauge* planned = nullptr;
    prometheus::Gauge* closed = nullptr;
    prometheus::Histogram* lateness = nullptr;
    prometheus::Histogram* check = nullptr;
    std::map<std::pair<v1::Phase, v1::Reason>, prometheus::Counter*> outcomes;
  };
  OfKind Make(v1::Kind kind);
  void CloseMatmul(const Outcome& outcome, const challenges::Policy& policy);
  void CloseBandwidth(const v1::ChallengeClosed& closed);

  monitor::MetricSet& metrics_;
  std::map<v1::Kind, OfKind> kinds_;
  prometheus::Gauge& devices_;
  prometheus::Counter& reported_;
  prometheus::Histogram& rtt_;
  prometheus::Histogram& share_;
  prometheus::Histogram& down_;
  prometheus::Histogram& up_;
  prometheus::Gauge& open_;
  prometheus::Gauge& waiting_;
  prometheus::Gauge& matmul_running_;
  prometheus::Gauge& bandwidth_running_;
  prometheus::Gauge& tests_waiting_;
  prometheus::Gauge& line_out_;
  prometheus::Gauge& line_in_;
  prometheus::Gauge& checks_queued_;
  prometheus::Gauge& log_pending_;
};

}  // namespace kaisar::checker
