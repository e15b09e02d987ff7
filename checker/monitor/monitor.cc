#include "checker/monitor/monitor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "checker/epoch_log.h"
#include "checker/log_estimate.h"
#include "checker/monitor/metric_table.h"
#include "checker/monitor/metrics_log.h"

namespace kaisar::checker {
namespace {

std::vector<std::string> EndpointsOf(const Config& config) {
  return config.chain ? config.chain->rpc : std::vector<std::string>();
}

std::map<std::uint32_t, std::string> NamesOf(const RunInputs& inputs) {
  return inputs.roster ? inputs.roster->names : std::map<std::uint32_t, std::string>();
}

}  // namespace

Monitor::Monitor(const RunInputs& inputs, const Clock& clock, MonitorVoice voice)
    : inputs_(inputs),
      clock_(clock),
      voice_(std::move(voice)),
      metrics_(MetricTable(), clock),
      watch_(inputs.config.data_dir, inputs.config.chain.has_value(), clock,
             [this](double seconds) {
               voice_.warning(absl::StrFormat(
                   "the machine's clock was set by %.1f s: what is open is inconclusive "
                   "(CLOCK_STEPPED); let chrony or systemd-timesyncd slew the clock instead",
                   seconds));
             }),
      challenge_metrics_(metrics_),
      chain_metrics_(metrics_, EndpointsOf(inputs.config)),
      run_metrics_(metrics_, watch_, clock),
      page_(NamesOf(inputs), watch_, clock) {}

absl::StatusOr<std::unique_ptr<Monitor>> Monitor::Start(const RunInputs& inputs, const Clock& clock,
                                                        MonitorVoice voice) {
  std::unique_ptr<Monitor> monitor(new Monitor(inputs, clock, std::move(voice)));
  if (!inputs.config.monitor.listen.empty()) RETURN_IF_ERROR(monitor->Serve());
  return monitor;
}

absl::Status Monitor::Serve() {
  const Config& config = inputs_.config;
  page_.ReadLastReport(config.data_dir);
  if (config.chain) {
    ASSIGN_OR_RETURN(chain_watch_,
                     ChainWatch::Start(
                         config, inputs_.keys, clock_,
                         [this](chain::HttpPost post) { return Measure(std::move(post)); },
                         {[this](const absl::StatusOr<SlotStatus>& status, std::uint64_t every_ms) {
                            if (status.ok()) {
                              chain_metrics_.Read(*status, clock_.WallMs());
                            } else {
                              chain_metrics_.CannotRead();
                            }
                            watch_.ChainRead(status, every_ms);
                          },
                          [this](const std::map<std::string, bool>& answers) {
                            chain_metrics_.Asked(answers);
                          }}));
  }
  server_ = std::make_unique<monitor::HttpServer>(
      config.monitor.listen, Routes(), [this](const absl::StatusOr<std::string>& address) {
        if (!address.ok()) return voice_.warning(std::string(address.status().message()));
        voice_.notice(absl::StrCat("status page at http://", *address, "/, metrics at http://",
                                   *address, "/metrics"));
      });
  return absl::OkStatus();
}

monitor::HttpRoutes Monitor::Routes() {
  monitor::HttpRoutes routes(inputs_.monitor_token);
  page_.AddTo(routes);
  routes.Add("/metrics", [this](const monitor::HttpRequest&) {
    monitor::HttpReply reply;
    reply.content_type = monitor::kMetricsContentType;
    reply.body = metrics_.Text();
    return reply;
  });
  routes.Add("/healthz", [this](const monitor::HttpRequest&) {
    const Health health = CheckHealth(watch_.Facts());
    return monitor::JsonReply(health.alive, HealthJson(health));
  });
  routes.Add("/readyz", [this](const monitor::HttpRequest&) {
    const Readiness readiness = CheckReadiness(watch_.Facts());
    return monitor::JsonReply(readiness.ready, ReadinessJson(readiness));
  });
  return routes;
}

RunnerHooks Monitor::Listen(RunnerHooks hooks) {
  hooks.epoch_began = [this, next = std::move(hooks.epoch_began)](
                          const Epoch& epoch, const auto& plan, const ResumePoint& resume) {
    Begin(epoch, plan, resume);
    next(epoch, plan, resume);
  };
  hooks.outcome = [this, next = std::move(hooks.outcome)](const Outcome& outcome) {
    challenge_metrics_.Closed(outcome, policy_);
    page_.Count(outcome, policy_);
    next(outcome);
  };
  hooks.polled = [this, next = std::move(hooks.polled)](const DispatchFigures& figures) {
    challenge_metrics_.Polled(figures);
    next(figures);
  };
  hooks.alive = [this, next = std::move(hooks.alive)] {
    watch_.DispatchAlive();
    next();
  };
  hooks.no_room = [this, next = std::move(hooks.no_room)](const std::string& why) {
    watch_.Refused(why);
    next(why);
  };
  hooks.log_unusable = [this, next = std::move(hooks.log_unusable)](const std::string& log_path,
                                                                    const std::string& why) {
    watch_.LogUnusable(log_path, why);
    next(log_path, why);
  };
  hooks.epoch_reported = [this, next = std::move(hooks.epoch_reported)](const EpochResult& result) {
    challenge_metrics_.EpochReported();
    if (inputs_.config.chain) chain_metrics_.Reported(result.report.report.epoch);
    watch_.LogUnusable(result.log_path, "");
    page_.Reported(result);
    next(result);
  };
  for (auto* open : {&hooks.create_log, &hooks.reopen_log}) {
    *open = [this, next = std::move(*open)](
                const std::string& path) -> absl::StatusOr<std::unique_ptr<audit::LogWriter>> {
      ASSIGN_OR_RETURN(std::unique_ptr<audit::LogWriter> log, next(path));
      return MeasureLog(std::move(log), metrics_, clock_);
    };
  }
  return hooks;
}

void Monitor::StageChanged(const reporter::EpochStage& stage) {
  chain_metrics_.StageChanged(stage);
  page_.StageChanged(stage);
}

chain::HttpPost Monitor::Measure(chain::HttpPost post) {
  return [this, post = std::move(post)](const std::string& url, const std::string& body,
                                        std::uint32_t timeout_ms, std::uint64_t most_bytes) {
    const std::uint64_t began_ns = clock_.MonotonicNs();
    absl::StatusOr<std::string> answer = post(url, body, timeout_ms, most_bytes);
    chain_metrics_.Requested(url, clock_.MonotonicNs() - began_ns, answer.status());
    return answer;
  };
}

void Monitor::Begin(const Epoch& epoch, const std::vector<challenges::PlannedChallenge>& plan,
                    const ResumePoint& resume) {
  policy_ = epoch.policy;
  watch_.Refused("");
  for (const Problem& problem : CheckReadiness(watch_.Facts()).problems) {
    if (problem.code == "disk_low") voice_.warning(absl::StrCat(problem.what, "; ", problem.next));
  }
  challenge_metrics_.EpochBegan(epoch, plan, resume);
  page_.Begin(epoch, plan, resume);
  run_metrics_.EpochBegan(EpochLogPath(inputs_.config.data_dir, epoch.scope.epoch), epoch.end_ms,
                          MostLogBytes(epoch.policy, epoch.roster));
}

}  // namespace kaisar::checker
