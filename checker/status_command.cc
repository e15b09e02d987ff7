#include "checker/status_command.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/directory_lock.h"
#include "base/hex.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "chain/events.h"
#include "chain/json_rpc_client.h"
#include "checker/chain_access.h"
#include "checker/local_status.h"
#include "checker/run_inputs.h"
#include "checker/slot_duty.h"
#include "checker/status_watch.h"
#include "checker/stop_request.h"
#include "checker/stop_signals.h"
#include "reporter/epoch_gas.h"
#include "reporter/outbox.h"

namespace kaisar::checker {
namespace {

constexpr int kSomethingWrong = 1;
constexpr int kCannotTell = 2;
constexpr std::uint32_t kRecentEpochs = 3;
constexpr std::uint32_t kOutboxEntries = 32;
constexpr std::uint64_t kMostReorganized = 64;     // as many confirmations can be asked for
constexpr std::uint64_t kSearchedBlocks = 20'000;  // about three days of Ethereum

absl::StatusOr<std::uint32_t> FindSlot(const Config& config, const SlotKeys& keys,
                                       chain::Contracts& contracts) {
  if (config.slot) return *config.slot;
  ASSIGN_OR_RETURN(const auto slot, contracts.SlotOf(keys.hot.address()));
  if (slot) return *slot;
  return absl::NotFoundError(absl::StrCat("no slot has the hot key 0x", ToHex(keys.hot.address()),
                                          "; register one with kaisar-checker stake, or "
                                          "name the slot in the config: slot: ID"));
}

absl::Status ReadRecent(chain::Contracts& contracts, SlotStatus& status) {
  for (std::uint32_t back = 1; back <= std::min(kRecentEpochs, status.epoch); ++back) {
    RecentReport report;
    report.epoch = status.epoch - back;
    if (report.epoch < status.state.active_from || report.epoch >= status.state.active_until) {
      continue;
    }
    ASSIGN_OR_RETURN(const auto opening, contracts.FindOpening(report.epoch));
    report.opened = opening.has_value();
    ASSIGN_OR_RETURN(const std::vector<Digest> stored,
                     contracts.ReportsOf(report.epoch, {status.slot}));
    report.state = StateOf(stored.at(0), report.epoch, status.schedule, status.now_s);
    status.recent.push_back(report);
  }
  return absl::OkStatus();
}

absl::Status ReadAccepted(chain::Contracts& contracts, const SlotStatus* before,
                          SlotStatus& status) {
  const std::uint64_t newest = status.block;
  const chain::Deployment& deployment = contracts.deployment();
  chain::LogFilter filter;
  filter.address = deployment.reports;
  filter.topics = {chain::RevealedTopic(), std::nullopt, chain::TopicOf(status.slot)};
  filter.from_block =
      std::max(deployment.block, newest > kSearchedBlocks ? newest - kSearchedBlocks : 0);
  filter.to_block = newest;
  if (before != nullptr) {
    const std::uint64_t deep =
        before->block > kMostReorganized ? before->block - kMostReorganized : 0;
    filter.from_block = std::max(filter.from_block, deep);
    // One that is not as deep is found again, if it is still there.
    if (before->accepted && before->accepted->block < deep) status.accepted = before->accepted;
  }
  ASSIGN_OR_RETURN(const std::vector<chain::LogEntry> entries, contracts.client().Logs(filter));
  if (entries.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const chain::RevealedEvent event, chain::ParseRevealed(entries.back()));
  status.accepted =
      AcceptedReport{event.epoch, entries.back().block_number, entries.back().transaction};
  return absl::OkStatus();
}

absl::Status ReadMoney(chain::Contracts& contracts, const chain::Block& latest,
                       SlotStatus& status) {
  ASSIGN_OR_RETURN(status.account, contracts.AccountOf(status.slot));
  ASSIGN_OR_RETURN(status.earned, contracts.Earned(status.state.owner));
  ASSIGN_OR_RETURN(status.balance, contracts.client().Balance(status.hot_key));
  ASSIGN_OR_RETURN(const chain::Fees fees, contracts.client().SuggestFees());
  const Uint256 price = latest.base_fee + fees.priority_fee;
  const std::uint64_t devices =
      status.last_report ? status.last_report->devices : reporter::kDevicesBeforeReports;
  status.cost_per_epoch = price * Uint256(reporter::EpochGas(devices));
  status.cost_per_report = price * Uint256(reporter::ReportGas(devices));
  return absl::OkStatus();
}

void ReadMachine(const Config& config, SlotStatus& status) {
  std::error_code error;
  status.has_signatures = std::filesystem::exists(SignaturesPath(config), error);
  status.last_report = ReadLastReport(config.data_dir);
  status.agreement_before = CountBefore(ReadAgreement(config.data_dir), status.now_s);
  // The lock is not tried: holding it for an instant could keep a checker from starting.
  const std::string holder = LockHolder(config.data_dir);
  if (holder != "another process") status.runs_as = holder;
  const auto entries = reporter::Outbox::Read(OutboxPath(config), kOutboxEntries);
  if (!entries.ok()) return;  // there is none before the first run
  for (const reporter::OutboxEntry& entry : *entries) {
    if (entry.state != reporter::SendState::kOpen || entry.error.empty()) continue;
    status.send_errors.push_back(absl::StrCat(reporter::NameOf(entry.intent.purpose), " of epoch ",
                                              entry.intent.epoch, ": ", entry.error));
  }
}

/// `same` leaves out what changes all the time: the seconds left, what today's fees make of the
/// balance, and the numbers in problems.
Told Tell(std::string text, const std::string& json, bool as_json, bool well) {
  nlohmann::json same = nlohmann::json::parse(json);
  same.erase("window_left_s");
  same.erase("epochs_left");
  for (auto& problem : same["problems"]) problem.erase("what");
  return {as_json ? json : std::move(text), same.dump(), well ? 0 : kSomethingWrong};
}

Told CannotTell(const absl::Status& status) {
  const std::string why = absl::StrCat("cannot tell: ", status.message(), "\n");
  return {why, why, kCannotTell};
}

/// What looks at the chain, again and again with the keys that were read once.
absl::StatusOr<std::function<absl::StatusOr<Told>()>> LookAtChain(const Config& config,
                                                                  const StatusOptions& options,
                                                                  const StopRequest& stop) {
  ASSIGN_OR_RETURN(SlotKeys read, ReadSlotKeys(config));
  const auto keys = std::make_shared<SlotKeys>(std::move(read));
  ASSIGN_OR_RETURN(auto opened, OpenChain(*config.chain, RealClock(),
                                          chain::CurlPost([&stop] { return stop.made(); })));
  const std::shared_ptr<ChainAccess> access = std::move(opened);
  const auto before = std::make_shared<std::optional<SlotStatus>>();
  return [&config, &options, keys, access, before]() -> absl::StatusOr<Told> {
    ASSIGN_OR_RETURN(const SlotStatus status,
                     ReadSlotStatus(config, *keys, access->contracts(), RealClock(),
                                    before->has_value() ? &**before : nullptr));
    *before = status;
    const std::vector<Problem> problems = FindProblems(status);
    return Tell(StatusText(status, problems), StatusJson(status, problems), options.json,
                problems.empty());
  };
}

absl::StatusOr<Told> LookHere(const Config& config, const StatusOptions& options) {
  ASSIGN_OR_RETURN(const LocalStatus status, ReadLocalStatus(config, RealClock()));
  const std::vector<Problem> problems = FindLocalProblems(status);
  return Tell(LocalStatusText(status, problems), LocalStatusJson(status, problems), options.json,
              problems.empty());
}

/// Waits until the next look is due, or until it is to stop: then false.
class Pause {
 public:
  explicit Pause(StopRequest& stop) : stop_(stop) {
    stop_.Listen([this] {
      MutexLock lock(mutex_);
      changed_.SignalAll();
    });
  }
  ~Pause() { stop_.Forget(); }

  bool operator()(std::uint32_t seconds) {
    MutexLock lock(mutex_);
    const std::uint64_t end_ns = RealClock().MonotonicNs() + std::uint64_t{seconds} * 1'000'000'000;
    while (!stop_.made()) {
      const std::uint64_t now_ns = RealClock().MonotonicNs();
      if (now_ns >= end_ns) return true;
      changed_.WaitFor(mutex_, std::chrono::nanoseconds(end_ns - now_ns));
    }
    return false;
  }

 private:
  StopRequest& stop_;
  Mutex mutex_;
  CondVar changed_;
};

int WatchUntilStopped(const StatusOptions& options,
                      const std::function<absl::StatusOr<Told>()>& look, StopRequest& stop) {
  const StopSignals signals([&stop] { stop.Make(); });
  Pause pause(stop);
  std::optional<Told> last;
  const auto ask = [&]() -> Told {
    absl::StatusOr<Told> told = look();
    // What was broken off says nothing of the slot.
    if (stop.made() && last) return *last;
    last = told.ok() ? *std::move(told) : CannotTell(told.status());
    return *last;
  };
  const std::string head =
      absl::StrCat("every ", options.interval_s, " s: kaisar-checker status; Ctrl-C ends it");
  return Watch(
      head, ask, [&] { return pause(options.interval_s); },
      isatty(STDOUT_FILENO) != 0 && !options.json, std::cout);
}

}  // namespace

absl::StatusOr<SlotStatus> ReadSlotStatus(const Config& config, const SlotKeys& keys,
                                          chain::Contracts& contracts, const Clock& clock,
                                          const SlotStatus* before) {
  SlotStatus status;
  ASSIGN_OR_RETURN(status.slot, FindSlot(config, keys, contracts));
  ASSIGN_OR_RETURN(status.state, contracts.Slot(status.slot));
  ASSIGN_OR_RETURN(const chain::Block latest, contracts.client().Latest());
  status.schedule = contracts.deployment().schedule;
  status.block = latest.number;
  status.now_s = latest.timestamp_s;
  status.wall_s = clock.WallMs() / 1000;
  status.epoch = status.schedule.epoch_at(status.now_s);
  status.hot_key = keys.hot.address();
  status.low_balance = config.chain->low_balance;
  ASSIGN_OR_RETURN(const auto opening, contracts.FindOpening(status.epoch));
  status.opened = opening.has_value();
  const std::uint32_t duty_epoch = std::max(status.epoch, status.state.active_from);
  ASSIGN_OR_RETURN(const Address hot_key, contracts.HotKeyAt(status.slot, duty_epoch));
  status.duty = CheckDuty(duty_epoch, status.slot, status.state, hot_key, keys);
  ReadMachine(config, status);
  RETURN_IF_ERROR(ReadRecent(contracts, status));
  RETURN_IF_ERROR(ReadAccepted(contracts, before, status));
  RETURN_IF_ERROR(ReadMoney(contracts, latest, status));
  return status;
}

int StatusCommand(const StatusOptions& options) {
  const auto fail = [](const absl::Status& status) {
    std::cerr << "kaisar-checker: " << CannotTell(status).text;
    return kCannotTell;
  };
  if (options.watch) StopSignals::Block();
  StopRequest stop;
  const absl::StatusOr<Config> config = ReadConfig(options.config);
  if (!config.ok()) return fail(config.status());
  std::function<absl::StatusOr<Told>()> look = [&] { return LookHere(*config, options); };
  if (config->chain) {
    auto on_chain = LookAtChain(*config, options, stop);
    if (!on_chain.ok()) return fail(on_chain.status());
    look = *std::move(on_chain);
  }
  if (options.watch) return WatchUntilStopped(options, look, stop);
  const absl::StatusOr<Told> told = look();
  if (!told.ok()) return fail(told.status());
  std::cout << told->text << std::flush;
  return told->exit_status;
}

}  // namespace kaisar::checker
