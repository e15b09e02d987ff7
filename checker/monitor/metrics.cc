#include "checker/monitor/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <utility>

#include "audit/names.h"
#include "challenges/bandwidth/throughput.h"
#include "challenges/judge.h"
#include "challenges/latency/pings.h"

namespace kaisar::checker {
namespace {

// Bounds of the histograms. Round trips: from the same rack to what a policy still takes.
const std::vector<double> kRttSeconds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                         0.05,   0.1,   0.2,   0.5,   1,    2};
// Lateness: a turn of the dispatcher takes some ms; beyond the slack (seconds) nothing is sent.
const std::vector<double> kLatenessSeconds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                              0.5,   1,    2.5,   5,    10,  30};
// Checks: a signature takes 65 µs, a proof of the largest class some 50 ms (docs/measurements.md).
const std::vector<double> kCheckSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                           0.01,   0.025,   0.05,   0.1,   0.25,   1};
// Shares of a claim: finest where scores are decided.
const std::vector<double> kShares = {0.1, 0.25, 0.5, 0.75, 0.8, 0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.5};
// From a home's uplink (10 Mbit/s) to a data centre's (100 Gbit/s); Prometheus counts in bytes.
const std::vector<double> kBytesPerSecond = {1.25e6, 3.125e6, 6.25e6, 1.25e7, 3.125e7, 6.25e7,
                                             1.25e8, 3.125e8, 6.25e8, 1.25e9, 3.125e9, 1.25e10};

v1::Verdict VerdictOf(v1::Reason reason) {
  if (reason == v1::NONE) return v1::PASS;
  return reason < v1::CHECKER_OFFLINE ? v1::FAIL : v1::INCONCLUSIVE;
}

double Seconds(std::uint64_t ms) {
  return static_cast<double>(ms) / 1e3;
}

}  // namespace

ChallengeMetrics::ChallengeMetrics(monitor::MetricSet& metrics)
    : metrics_(metrics),
      devices_(metrics.Gauge("kaisar_checker_epoch_devices")),
      reported_(metrics.Counter("kaisar_checker_epochs_reported_total")),
      rtt_(metrics.Histogram("kaisar_checker_device_rtt_seconds", kRttSeconds)),
      share_(metrics.Histogram("kaisar_checker_matmul_rate_share_ratio", kShares)),
      down_(metrics.Histogram("kaisar_checker_device_bandwidth_bytes_per_second", kBytesPerSecond,
                              {{"direction", "down"}})),
      up_(metrics.Histogram("kaisar_checker_device_bandwidth_bytes_per_second", kBytesPerSecond,
                            {{"direction", "up"}})),
      open_(metrics.Gauge("kaisar_checker_open_challenges")),
      waiting_(metrics.Gauge("kaisar_checker_waiting_challenges")),
      matmul_running_(metrics.Gauge("kaisar_checker_running_challenges", {{"kind", "matmul"}})),
      bandwidth_running_(
          metrics.Gauge("kaisar_checker_running_challenges", {{"kind", "bandwidth"}})),
      tests_waiting_(metrics.Gauge("kaisar_checker_waiting_bandwidth_tests")),
      line_out_(
          metrics.Gauge("kaisar_checker_line_in_use_bytes_per_second", {{"direction", "out"}})),
      line_in_(metrics.Gauge("kaisar_checker_line_in_use_bytes_per_second", {{"direction", "in"}})),
      checks_queued_(metrics.Gauge("kaisar_checker_queued_checks")),
      log_pending_(metrics.Gauge("kaisar_checker_log_pending_records")) {
  for (const v1::Kind kind : {v1::LATENCY, v1::BANDWIDTH, v1::MATMUL}) kinds_[kind] = Make(kind);
}

// All of them from the start, so that the first failure is an increase.
ChallengeMetrics::OfKind ChallengeMetrics::Make(v1::Kind kind) {
  const std::string name = audit::NameOf(kind);
  OfKind made;
  made.planned = &metrics_.Gauge("kaisar_checker_epoch_challenges", {{"kind", name}});
  made.closed = &metrics_.Gauge("kaisar_checker_epoch_challenges_closed", {{"kind", name}});
  made.lateness = &metrics_.Histogram("kaisar_checker_challenge_lateness_seconds", kLatenessSeconds,
                                      {{"kind", name}});
  made.check = &metrics_.Histogram("kaisar_checker_challenge_check_seconds", kCheckSeconds,
                                   {{"kind", name}});
  for (const v1::Phase phase : {v1::REGISTERING, v1::STANDBY, v1::IN_SERVICE}) {
    for (int number = 0; number < v1::Reason_ARRAYSIZE; ++number) {
      if (!v1::Reason_IsValid(number)) continue;
      const auto reason = static_cast<v1::Reason>(number);
      made.outcomes[{phase, reason}] =
          &metrics_.Counter("kaisar_checker_challenges_closed_total",
                            {{"kind", name},
                             {"phase", v1::Phase_Name(phase)},
                             {"reason", v1::Reason_Name(reason)},
                             {"verdict", v1::Verdict_Name(VerdictOf(reason))}});
    }
  }
  return made;
}

void ChallengeMetrics::EpochBegan(const Epoch& epoch,
                                  const std::vector<challenges::PlannedChallenge>& plan,
                                  const ResumePoint& resume) {
  std::map<v1::Kind, std::pair<std::uint64_t, std::uint64_t>> counts;  // planned, closed
  for (std::size_t i = 0; i < plan.size(); ++i) {
    auto& [planned, closed] = counts[plan[i].kind];
    ++planned;
    if (i < resume.closed.size() && resume.closed[i]) ++closed;
  }
  for (auto& [kind, metrics] : kinds_) {
    metrics.planned->Set(static_cast<double>(counts[kind].first));
    metrics.closed->Set(static_cast<double>(counts[kind].second));
  }
  // Not from the start: before there is an epoch, neither slot 0 nor 1970 is true.
  metrics_.Gauge("kaisar_checker_slot").Set(epoch.scope.slot);
  metrics_.Gauge("kaisar_checker_epoch").Set(epoch.scope.epoch);
  metrics_.Gauge("kaisar_checker_epoch_end_timestamp_seconds").Set(Seconds(epoch.end_ms));
  devices_.Set(epoch.roster.devices_size());
}

void ChallengeMetrics::Closed(const Outcome& outcome, const challenges::Policy& policy) {
  const v1::ChallengeClosed& closed = outcome.closed;
  const auto kind = kinds_.find(closed.kind());
  if (kind == kinds_.end()) return;
  OfKind& metrics = kind->second;
  metrics.closed->Increment();
  const auto counter = metrics.outcomes.find({outcome.device.phase(), closed.reason()});
  if (counter != metrics.outcomes.end()) counter->second->Increment();
  metrics.check->Observe(static_cast<double>(outcome.check_ns) / 1e9);
  if (closed.transport() != v1::NOT_SENT && closed.sent_ms() >= closed.due_ms()) {
    metrics.lateness->Observe(Seconds(closed.sent_ms() - closed.due_ms()));
  }
  if (closed.latency().echoes_size() > 0) {
    const auto rtt = challenges::Summarize(closed.latency(), policy.latency.pings);
    rtt_.Observe(static_cast<double>(rtt.median_us) / 1e6);
  }
  if (outcome.commitment != nullptr) CloseMatmul(outcome, policy);
  if (closed.verdict() == v1::PASS && closed.has_bandwidth()) CloseBandwidth(closed);
}

void ChallengeMetrics::CloseMatmul(const Outcome& outcome, const challenges::Policy& policy) {
  const auto params = policy.classes.find(outcome.device.device_class());
  const std::uint64_t claimed = outcome.device.ops_per_second();
  if (params == policy.classes.end() || claimed == 0) return;
  const std::uint64_t rate =
      challenges::MatmulRate({params->second.n, params->second.rounds}, *outcome.commitment);
  share_.Observe(static_cast<double>(rate) / static_cast<double>(claimed));
}

void ChallengeMetrics::CloseBandwidth(const v1::ChallengeClosed& closed) {
  const auto rates = challenges::RatesOf(closed.bandwidth());
  if (!rates.ok()) return;
  down_.Observe(static_cast<double>(rates->down_bits_per_second) / 8);
  up_.Observe(static_cast<double>(rates->up_bits_per_second) / 8);
}

void ChallengeMetrics::Polled(const DispatchFigures& figures) {
  open_.Set(static_cast<double>(figures.open));
  waiting_.Set(static_cast<double>(figures.waiting));
  matmul_running_.Set(static_cast<double>(figures.matmul_running));
  bandwidth_running_.Set(static_cast<double>(figures.bandwidth_running));
  tests_waiting_.Set(static_cast<double>(figures.tests_waiting));
  line_out_.Set(static_cast<double>(figures.out_bits_per_second) / 8);
  line_in_.Set(static_cast<double>(figures.in_bits_per_second) / 8);
  checks_queued_.Set(static_cast<double>(figures.checks_queued));
  log_pending_.Set(static_cast<double>(figures.log_pending));
}

void ChallengeMetrics::EpochReported() {
  reported_.Increment();
}

}  // namespace kaisar::checker
