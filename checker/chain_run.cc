#include "checker/chain_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "checker/epoch_log.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMostReportBytes = 1ull << 30;
constexpr std::uint64_t kAskAgainMs = 2000;

/// Asks until the chain says which slot has the hot key.
absl::StatusOr<std::uint32_t> FindSlot(chain::Contracts& contracts, const Address& hot_key,
                                       StopRequest& stop, RunConsole& console, RunWatch& watch) {
  bool told = false;
  while (!stop.made()) {
    watch.DispatchAlive();
    const auto slot = contracts.SlotOf(hot_key);
    if (slot.ok() && slot->has_value()) return **slot;
    if (slot.ok()) {
      return absl::NotFoundError(
          absl::StrCat("no slot has the hot key 0x", ToHex(hot_key),
                       "; register one with kaisar-checker stake, or name the slot in the config"));
    }
    if (!std::exchange(told, true)) {
      console.Notice(absl::StrCat("cannot ask the chain for the slot, trying again: ",
                                  slot.status().message()));
    }
    stop.WaitFor(kAskAgainMs);
  }
  return absl::CancelledError("stopped before the chain told the slot");
}

absl::StatusOr<audit::SignedReport> ReadReport(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string json, ReadFile(path, kMostReportBytes));
  return audit::ParseReport(json);
}

}  // namespace

std::vector<audit::SignedReport> OpenReports(
    const std::string& data_dir, const chain::Schedule& schedule, std::uint64_t now_s,
    const std::function<void(const std::string&)>& notice) {
  std::vector<audit::SignedReport> reports;
  const auto epochs = FindEpochReports(data_dir);
  if (!epochs.ok()) {
    notice(std::string(epochs.status().message()));
    return reports;
  }
  for (const std::uint32_t epoch : *epochs) {
    if (schedule.settle_end(epoch) <= now_s) continue;
    const std::string path = EpochReportPath(data_dir, epoch);
    auto report = ReadReport(path);
    if (report.ok()) {
      reports.push_back(*std::move(report));
    } else {
      notice(absl::StrCat(path, " does not go to the chain: ", report.status().message()));
    }
  }
  return reports;
}

ChainRun::ChainRun(std::unique_ptr<ChainAccess> access, std::uint32_t slot, const RunInputs& inputs,
                   RunConsole& console, const Clock& clock)
    : access_(std::move(access)),
      slot_(slot),
      registry_({slot, inputs.config.chain->confirmations},
                {access_->contracts(), inputs.keys, inputs.policy, clock,
                 [&console](const std::string& text) { console.Notice(text); }}) {}

absl::StatusOr<std::unique_ptr<ChainRun>> ChainRun::Start(const RunInputs& inputs,
                                                          reporter::SignatureStore& signatures,
                                                          StopRequest& stop, RunConsole& console,
                                                          Monitor& monitor, const Clock& clock) {
  const ChainConfig& config = *inputs.config.chain;
  ASSIGN_OR_RETURN(
      auto access,
      OpenChain(config, clock, monitor.Measure(chain::CurlPost([&stop] { return stop.made(); }))));
  std::optional<std::uint32_t> slot = inputs.config.slot;
  if (!slot) {
    ASSIGN_OR_RETURN(slot, FindSlot(access->contracts(), inputs.keys.hot.address(), stop, console,
                                    monitor.watch()));
  }
  std::unique_ptr<ChainRun> run(new ChainRun(std::move(access), *slot, inputs, console, clock));

  reporter::SubmitterSettings settings;
  settings.slot = *slot;
  settings.outbox_path = OutboxPath(inputs.config);
  settings.confirmations = config.confirmations;
  settings.most_fee = config.most_fee();
  settings.low_balance = config.low_balance;
  settings.settle_batch = config.settle_batch;
  reporter::SubmitterHooks hooks;
  hooks.notice = [&console](const std::string& text) { console.Notice(text); };
  hooks.stage_changed = [&console, &monitor](const reporter::EpochStage& stage) {
    console.Tell(stage);
    monitor.StageChanged(stage);
  };
  hooks.key_held = [&monitor] { monitor.chain_metrics().KeyHeld(); };
  ASSIGN_OR_RETURN(
      auto submitter,
      reporter::Submitter::Open(
          settings, {run->access_->contracts(), inputs.keys.hot, signatures, clock}, hooks));
  run->thread_ = std::make_unique<ChainThread>(std::move(submitter), clock, hooks.notice,
                                               [&monitor] { monitor.watch().ChainAlive(); });
  const chain::Schedule& schedule = run->access_->deployment().schedule;
  const std::uint64_t now_s = clock.WallMs() / 1000;
  for (const audit::SignedReport& report :
       OpenReports(inputs.config.data_dir, schedule, now_s, hooks.notice)) {
    const std::uint32_t epoch = report.report.epoch;
    if (now_s < schedule.reveal_begin(epoch)) monitor.chain_metrics().Reported(epoch);
    run->thread_->Add(report);
  }
  return run;
}

}  // namespace kaisar::checker
