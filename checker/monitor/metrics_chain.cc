#include "checker/monitor/metrics_chain.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <utility>

#include "chain/rpc_endpoints.h"
#include "checker/stage_names.h"

namespace kaisar::checker {
namespace {

using reporter::Stage;

// From a node of one's own to the request's timeout (60 s at most).
const std::vector<double> kRequestSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                             0.25,  0.5,    1,     2.5,  5,     10,   30};
constexpr Stage kStages[] = {Stage::kWaiting,   Stage::kCommitting, Stage::kCommitted,
                             Stage::kRevealing, Stage::kRevealed,   Stage::kSettling,
                             Stage::kDone,      Stage::kMissed,     Stage::kHeld};
constexpr absl::string_view kCauses[] = {"not_committed", "not_revealed", "key_used_elsewhere"};

/// `before` is the stage in which this run saw the report last.
absl::string_view CauseOf(Stage stage, Stage before) {
  if (stage == Stage::kHeld) return "key_used_elsewhere";
  return before == Stage::kCommitted || before == Stage::kRevealing ? "not_revealed"
                                                                    : "not_committed";
}

/// KAI, or coins, of wei: for a graph, so the last digits do not matter.
double Ether(const Uint256& wei) {
  double ether = 0;
  for (const std::uint8_t byte : wei.ToWord()) ether = ether * 256 + byte;
  return ether / 1e18;
}

double EpochsLeft(const SlotStatus& status) {
  if (status.cost_per_epoch.is_zero()) return 0;
  return Ether(status.balance) / Ether(status.cost_per_epoch);
}

}  // namespace

ChainMetrics::ChainMetrics(monitor::MetricSet& metrics, const std::vector<std::string>& endpoints)
    : metrics_(metrics) {
  for (const Stage stage : kStages) {
    metrics.Gauge("kaisar_checker_reports", {{"stage", std::string(NameOf(stage))}});
  }
  for (const absl::string_view cause : kCauses) {
    metrics.Counter("kaisar_checker_reports_missed_total", {{"cause", std::string(cause)}});
  }
  metrics.Counter("kaisar_checker_reports_accepted_total");
  metrics.Gauge("kaisar_checker_key_held");
  metrics.Counter("kaisar_checker_signature_refusals_total");
  metrics.Gauge("kaisar_checker_chain_up");
  for (const std::string& endpoint : endpoints) {
    const monitor::MetricLabels labels = {{"endpoint", chain::EndpointName(endpoint)}};
    metrics.Histogram("kaisar_checker_rpc_request_seconds", kRequestSeconds, labels);
    metrics.Counter("kaisar_checker_rpc_errors_total", labels);
  }
}

void ChainMetrics::Reported(std::uint32_t epoch) {
  reporter::EpochStage stage;
  stage.epoch = epoch;
  stage.stage = Stage::kWaiting;
  StageChanged(stage);
}

void ChainMetrics::StageChanged(const reporter::EpochStage& stage) {
  MutexLock lock(mutex_);
  const auto [known, first_seen] = stages_.try_emplace(stage.epoch, stage.stage);
  const Stage before = std::exchange(known->second, stage.stage);
  if (!first_seen && before == stage.stage) return;  // only why, or a transaction, is another
  const auto gauge = [this](Stage of) -> prometheus::Gauge& {
    return metrics_.Gauge("kaisar_checker_reports", {{"stage", std::string(NameOf(of))}});
  };
  if (!first_seen) gauge(before).Decrement();
  gauge(stage.stage).Increment();
  const bool accepted = stage.stage == Stage::kRevealed || stage.stage == Stage::kSettling ||
                        stage.stage == Stage::kDone;
  // A reorganisation may show the same report revealed twice.
  const bool newly_accepted = accepted && accepted_.insert(stage.epoch).second;
  if (first_seen) return;
  if (newly_accepted) metrics_.Counter("kaisar_checker_reports_accepted_total").Increment();
  if (stage.stage == Stage::kMissed || stage.stage == Stage::kHeld) {
    const std::string cause(CauseOf(stage.stage, before));
    metrics_.Counter("kaisar_checker_reports_missed_total", {{"cause", cause}}).Increment();
  }
}

void ChainMetrics::KeyHeld() {
  Set("kaisar_checker_key_held", 1);
}

void ChainMetrics::SignatureRefused() {
  metrics_.Counter("kaisar_checker_signature_refusals_total").Increment();
}

void ChainMetrics::Requested(const std::string& endpoint, std::uint64_t elapsed_ns,
                             const absl::Status& status) {
  const monitor::MetricLabels labels = {{"endpoint", chain::EndpointName(endpoint)}};
  metrics_.Histogram("kaisar_checker_rpc_request_seconds", kRequestSeconds, labels)
      .Observe(static_cast<double>(elapsed_ns) / 1e9);
  if (!status.ok()) metrics_.Counter("kaisar_checker_rpc_errors_total", labels).Increment();
}

void ChainMetrics::Asked(const std::map<std::string, bool>& answers) {
  for (const auto& [endpoint, answered] : answers) {
    metrics_.Gauge("kaisar_checker_rpc_up", {{"endpoint", endpoint}}).Set(answered ? 1 : 0);
  }
}

void ChainMetrics::Set(absl::string_view name, double value) {
  metrics_.Gauge(name).Set(value);
}

void ChainMetrics::Read(const SlotStatus& status, std::uint64_t wall_ms) {
  Set("kaisar_checker_slot", status.slot);
  Set("kaisar_checker_chain_up", 1);
  Set("kaisar_checker_chain_read_timestamp_seconds", static_cast<double>(wall_ms) / 1e3);
  Set("kaisar_checker_chain_block_age_seconds",
      static_cast<double>(status.wall_s) - static_cast<double>(status.now_s));
  Set("kaisar_checker_chain_epoch", status.epoch);
  Set("kaisar_checker_chain_epoch_opened", status.opened ? 1 : 0);
  const Window window = CurrentWindow(status);
  for (const absl::string_view kind : kWindowKinds) {
    metrics_.Gauge("kaisar_checker_window", {{"window", std::string(kind)}})
        .Set(kind == window.kind ? 1 : 0);
  }
  Set("kaisar_checker_window_left_seconds", static_cast<double>(window.left_s));
  Set("kaisar_checker_on_duty", status.on_duty() && status.duty.ok() ? 1 : 0);
  Set("kaisar_checker_accepted_epoch", status.accepted ? status.accepted->epoch : -1.0);
  Set("kaisar_checker_missed_in_a_row", status.state.streak);
  if (const auto& report = status.last_report) {
    const auto set = [this](const char* scored, std::uint64_t devices) {
      metrics_.Gauge("kaisar_checker_report_devices", {{"scored", scored}})
          .Set(static_cast<double>(devices));
    };
    set("yes", report->scored);
    set("no", report->devices - report->scored);
  }
  ReadAccount(status);
}

void ChainMetrics::ReadAccount(const SlotStatus& status) {
  const auto agreed = static_cast<double>(status.account.agreed);
  const auto disagreed = static_cast<double>(status.account.disagreed);
  Set("kaisar_checker_scores_agreed", agreed);
  Set("kaisar_checker_scores_disagreed", disagreed);
  Set("kaisar_checker_agreement_ratio",
      agreed + disagreed == 0 ? 1 : agreed / (agreed + disagreed));
  Set("kaisar_checker_owed_kai", Ether(status.account.owed));
  Set("kaisar_checker_earned_kai", Ether(status.earned));
  Set("kaisar_checker_stake_kai", Ether(status.state.stake));
  Set("kaisar_checker_hot_key_balance_coins", Ether(status.balance));
  Set("kaisar_checker_hot_key_epochs_left", EpochsLeft(status));
}

void ChainMetrics::CannotRead() {
  Set("kaisar_checker_chain_up", 0);
}

}  // namespace kaisar::checker
