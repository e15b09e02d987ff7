#include "checker/monitor/metric_table.h"

namespace kaisar::checker {
namespace {

using monitor::MetricInfo;
using enum monitor::MetricType;

// A name, its type, its labels, and what it says. docs/metrics.md has the same, in this order.
constexpr MetricInfo kTable[] = {
    {"kaisar_checker_build_info", kGauge, "version", "Always 1; the version of the program."},
    {"kaisar_checker_slot", kGauge, "", "The slot that this checker is."},
    {"kaisar_checker_ready", kGauge, "", "1 while earning is possible, as /readyz says; else 0."},
    {"kaisar_checker_problems", kGauge, "code",
     "1 while something is wrong, by what it is; else 0. docs/operating.md says what to do."},
    {"kaisar_checker_keeping_problems", kGauge, "",
     "How many of these keep the slot from earning."},
    {"kaisar_checker_thread_progress_timestamp_seconds", kGauge, "thread",
     "When a thread last made progress, Unix time."},

    {"kaisar_checker_epoch", kGauge, "",
     "The epoch whose challenges are being asked, or were last."},
    {"kaisar_checker_epoch_end_timestamp_seconds", kGauge, "", "When that epoch ends, Unix time."},
    {"kaisar_checker_epoch_left_seconds", kGauge, "", "How long that epoch goes on; 0 when over."},
    {"kaisar_checker_epoch_devices", kGauge, "", "Devices that this slot checks in that epoch."},
    {"kaisar_checker_epoch_challenges", kGauge, "kind", "Challenges in that epoch's plan."},
    {"kaisar_checker_epoch_challenges_closed", kGauge, "kind",
     "Challenges of that plan that have a verdict, those of earlier runs included."},
    {"kaisar_checker_epochs_reported_total", kCounter, "", "Epochs scored, signed and reported."},

    {"kaisar_checker_challenges_closed_total", kCounter, "kind,phase,reason,verdict",
     "Challenges that have a verdict, by kind, phase of the device, verdict and reason."},
    {"kaisar_checker_challenge_lateness_seconds", kHistogram, "kind",
     "How long after it was due a challenge was sent."},
    {"kaisar_checker_challenge_check_seconds", kHistogram, "kind",
     "How long it took to judge a challenge: signatures and proofs."},
    {"kaisar_checker_device_rtt_seconds", kHistogram, "",
     "Median round trip of each latency challenge that was answered."},
    {"kaisar_checker_matmul_rate_share_ratio", kHistogram, "",
     "Measured rate of each committed matmul challenge, as a share of the claim."},
    {"kaisar_checker_device_bandwidth_bytes_per_second", kHistogram, "direction",
     "Rate of each bandwidth challenge that passed: down and up as the device sees it."},

    {"kaisar_checker_open_challenges", kGauge, "", "Challenges between due and closed."},
    {"kaisar_checker_running_challenges", kGauge, "kind",
     "Matmul and bandwidth challenges that hold a turn: those that are limited."},
    {"kaisar_checker_waiting_challenges", kGauge, "",
     "Matmul and bandwidth challenges that are due and wait for a turn."},
    {"kaisar_checker_waiting_bandwidth_tests", kGauge, "",
     "Opened bandwidth tests that wait for the connection or the endpoint."},
    {"kaisar_checker_line_in_use_bytes_per_second", kGauge, "direction",
     "What running bandwidth tests take of this machine's connection: in and out."},
    {"kaisar_checker_queued_checks", kGauge, "", "Judgements that wait for a thread."},

    {"kaisar_checker_log_pending_records", kGauge, "",
     "Records appended that are not durable yet."},
    {"kaisar_checker_log_append_seconds", kHistogram, "",
     "How long it took until an appended record was durable."},
    {"kaisar_checker_log_last_durable_timestamp_seconds", kGauge, "",
     "When a record last became durable, Unix time; 0: none in this run."},
    {"kaisar_checker_log_errors_total", kCounter, "", "Records that could not be made durable."},
    {"kaisar_checker_log_bytes", kGauge, "", "Size of the running or last epoch's log."},
    {"kaisar_checker_epoch_log_estimate_bytes", kGauge, "",
     "What that epoch's log is expected to grow to, by its plan."},
    {"kaisar_checker_filesystem_free_bytes", kGauge, "",
     "What is free to us on the data directory's file system."},
    {"kaisar_checker_filesystem_size_bytes", kGauge, "", "Size of that file system."},
    {"kaisar_checker_clock_steps_total", kCounter, "",
     "Times that the wall clock was set by more than a second."},
    {"kaisar_checker_clock_last_step_seconds", kGauge, "",
     "By how much it was last set; negative: back; 0: never in this run."},

    {"kaisar_checker_reports", kGauge, "stage",
     "Reports that this run brings to the chain, by the stage that the chain shows."},
    {"kaisar_checker_reports_accepted_total", kCounter, "",
     "Reports that the chain was seen to hold revealed: they count."},
    {"kaisar_checker_reports_missed_total", kCounter, "cause",
     "Reports that missed a window, by cause."},
    {"kaisar_checker_key_held", kGauge, "",
     "1 once the key is seen to be used elsewhere, so that nothing more is committed; else 0."},
    {"kaisar_checker_signature_refusals_total", kCounter, "",
     "Times that the signature store refused to sign a second report of an epoch."},
    {"kaisar_checker_rpc_request_seconds", kHistogram, "endpoint",
     "How long a request to an endpoint took, answered or not."},
    {"kaisar_checker_rpc_errors_total", kCounter, "endpoint",
     "Requests to an endpoint that got no answer: refused, timed out, or an HTTP error."},
    {"kaisar_checker_rpc_up", kGauge, "endpoint",
     "1 when the endpoint, asked by itself, last told its newest block; else 0."},

    {"kaisar_checker_chain_up", kGauge, "", "1 when the chain's state could last be read; else 0."},
    {"kaisar_checker_chain_read_timestamp_seconds", kGauge, "",
     "When the chain's state was last read, Unix time; all metrics below are of then."},
    {"kaisar_checker_chain_block_age_seconds", kGauge, "",
     "This machine's clock less the newest block's timestamp; negative: the clock is behind."},
    {"kaisar_checker_chain_epoch", kGauge, "", "The current epoch, by the newest block."},
    {"kaisar_checker_chain_epoch_opened", kGauge, "", "1 when that epoch has been opened; else 0."},
    {"kaisar_checker_window", kGauge, "window",
     "1 for the window that is open now: commit, reveal, challenges or before_genesis; else 0."},
    {"kaisar_checker_window_left_seconds", kGauge, "", "How long the open window stays open."},
    {"kaisar_checker_on_duty", kGauge, "",
     "1 when the slot has its part in the current epoch; else 0."},
    {"kaisar_checker_accepted_epoch", kGauge, "",
     "The last epoch whose report was accepted; -1: none since 20,000 blocks before the start."},
    {"kaisar_checker_report_devices", kGauge, "scored",
     "Devices that the newest report here has a score of, and those that it leaves out."},
    {"kaisar_checker_missed_in_a_row", kGauge, "",
     "Missed reports in a row that were shown to the contract; each one more costs more."},
    {"kaisar_checker_scores_agreed", kGauge, "",
     "Settled scores of this slot near their committee's median, since it was registered."},
    {"kaisar_checker_scores_disagreed", kGauge, "", "Those that were not."},
    {"kaisar_checker_agreement_ratio", kGauge, "", "Agreed of all settled scores; 1 without any."},
    {"kaisar_checker_owed_kai", kGauge, "", "What the slot is owed and its owner may withdraw."},
    {"kaisar_checker_earned_kai", kGauge, "", "What the owner's devices have earned."},
    {"kaisar_checker_stake_kai", kGauge, "", "What is left of the slot's stake."},
    {"kaisar_checker_hot_key_balance_coins", kGauge, "",
     "The hot key's coin, which pays for reports."},
    {"kaisar_checker_hot_key_epochs_left", kGauge, "",
     "For how many epochs that lasts at today's fees, with as many devices as in the last report."},
};

}  // namespace

std::vector<MetricInfo> MetricTable() {
  return {std::begin(kTable), std::end(kTable)};
}

}  // namespace kaisar::checker
