#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "chain/json_rpc_client.h"
#include "checker/epoch_runner.h"
#include "checker/monitor/chain_watch.h"
#include "checker/monitor/metrics.h"
#include "checker/monitor/metrics_chain.h"
#include "checker/monitor/metrics_run.h"
#include "checker/monitor/run_watch.h"
#include "checker/monitor/status_page.h"
#include "checker/run_inputs.h"
#include "monitor/http_server.h"
#include "monitor/metric_set.h"

namespace kaisar::checker {

/// Where a monitor says what an operator should know.
struct MonitorVoice {
  std::function<void(const std::string&)> notice;
  std::function<void(const std::string&)> warning;
};

/// What a run tells about itself over HTTP: its metrics, its health, whether it can earn, and a
/// page of all that for its operator. It only listens: whatever becomes of it, the run goes on.
///
/// Threads: all methods from any thread.
class Monitor {
 public:
  /// All references must outlive it. Serves nothing when the config says so.
  ///
  /// Errors: with a chain, those of OpenChain.
  static absl::StatusOr<std::unique_ptr<Monitor>> Start(const RunInputs& inputs, const Clock& clock,
                                                        MonitorVoice voice);

  /// The same hooks, which tell this monitor as well. It must outlive them.
  RunnerHooks Listen(RunnerHooks hooks);
  /// The same way to post, measured.
  chain::HttpPost Measure(chain::HttpPost post);

  /// A report went on to another stage.
  void StageChanged(const reporter::EpochStage& stage);

  RunWatch& watch() { return watch_; }
  ChainMetrics& chain_metrics() { return chain_metrics_; }

 private:
  Monitor(const RunInputs& inputs, const Clock& clock, MonitorVoice voice);

  absl::Status Serve();
  monitor::HttpRoutes Routes();
  void Begin(const Epoch& epoch, const std::vector<challenges::PlannedChallenge>& plan,
             const ResumePoint& resume);

  const RunInputs& inputs_;
  const Clock& clock_;
  const MonitorVoice voice_;
  monitor::MetricSet metrics_;
  RunWatch watch_;
  ChallengeMetrics challenge_metrics_;
  ChainMetrics chain_metrics_;
  RunMetrics run_metrics_;
  StatusPage page_;
  challenges::Policy policy_;  // of the epoch; the thread "dispatch"'s alone
  std::unique_ptr<ChainWatch> chain_watch_;
  std::unique_ptr<monitor::HttpServer> server_;  // ends first
};

}  // namespace kaisar::checker
