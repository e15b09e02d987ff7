#include "checker/monitor/metrics_run.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace kaisar::checker {
namespace {

std::uint64_t SizeOf(const std::string& path) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  return error ? 0 : bytes;
}

double Seconds(std::uint64_t ms) {
  return static_cast<double>(ms) / 1e3;
}

}  // namespace

RunMetrics::RunMetrics(monitor::MetricSet& metrics, RunWatch& watch, const Clock& clock)
    : metrics_(metrics), watch_(watch), clock_(clock) {
  metrics.Gauge("kaisar_checker_build_info", {{"version", KAISAR_VERSION}}).Set(1);
  metrics.BeforeReading([this] { Fill(); });
}

void RunMetrics::EpochBegan(const std::string& log_path, std::uint64_t end_ms,
                            std::uint64_t estimate_bytes) {
  metrics_.Gauge("kaisar_checker_epoch_log_estimate_bytes")
      .Set(static_cast<double>(estimate_bytes));
  MutexLock lock(mutex_);
  log_path_ = log_path;
  end_ms_ = end_ms;
}

void RunMetrics::Fill() {
  const RunFacts facts = watch_.Facts();
  const Readiness readiness = CheckReadiness(facts);
  metrics_.Gauge("kaisar_checker_ready").Set(readiness.ready ? 1 : 0);
  std::set<absl::string_view> found;
  for (const Problem& problem : readiness.problems) found.insert(problem.code);
  metrics_.Gauge("kaisar_checker_keeping_problems")
      .Set(static_cast<double>(std::ranges::count_if(found, &KeepsFromEarning)));
  const auto set = [&](absl::string_view code) {
    metrics_.Gauge("kaisar_checker_problems", {{"code", std::string(code)}})
        .Set(found.contains(code) ? 1 : 0);
  };
  for (const absl::string_view code : kRunProblemCodes) set(code);
  for (const absl::string_view code : kSlotProblemCodes) set(code);
  FillRun(facts);
  FillEpoch();
}

void RunMetrics::FillRun(const RunFacts& facts) {
  const auto progress = [&](const std::string& thread, std::optional<std::uint64_t> alive_ns) {
    if (!alive_ns.has_value()) return;
    const std::uint64_t ago_ms = (facts.now_ns - std::min(*alive_ns, facts.now_ns)) / 1'000'000;
    metrics_.Gauge("kaisar_checker_thread_progress_timestamp_seconds", {{"thread", thread}})
        .Set(Seconds(clock_.WallMs() - ago_ms));
  };
  progress("dispatch", facts.dispatch_alive_ns);
  progress("chain", facts.chain_alive_ns);
  metrics_.Gauge("kaisar_checker_filesystem_free_bytes").Set(static_cast<double>(facts.free_bytes));
  metrics_.Gauge("kaisar_checker_filesystem_size_bytes").Set(static_cast<double>(facts.size_bytes));
  monitor::RaiseTo(metrics_.Counter("kaisar_checker_clock_steps_total"),
                   static_cast<double>(facts.clock_steps));
  metrics_.Gauge("kaisar_checker_clock_last_step_seconds").Set(facts.clock_step_seconds);
}

void RunMetrics::FillEpoch() {
  std::string path;
  std::uint64_t end_ms = 0;
  {
    MutexLock lock(mutex_);
    path = log_path_;
    end_ms = end_ms_;
  }
  const std::uint64_t now_ms = clock_.WallMs();
  metrics_.Gauge("kaisar_checker_epoch_left_seconds")
      .Set(Seconds(end_ms > now_ms ? end_ms - now_ms : 0));
  // What is in the write-ahead log is part of it, before it is finished.
  metrics_.Gauge("kaisar_checker_log_bytes")
      .Set(static_cast<double>(SizeOf(path) + SizeOf(absl::StrCat(path, "-wal"))));
}

}  // namespace kaisar::checker
