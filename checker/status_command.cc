#include "checker/status_command.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/directory_lock.h"
#include "base/hex.h"
#include "base/status_macros.h"
#include "chain/events.h"
#include "checker/chain_access.h"
#include "checker/run_inputs.h"
#include "checker/slot_duty.h"
#include "reporter/balance_watch.h"
#include "reporter/outbox.h"

namespace kaisar::checker {
namespace {

constexpr int kSomethingWrong = 1;
constexpr int kCannotTell = 2;
constexpr std::uint32_t kRecentEpochs = 3;
constexpr std::uint32_t kOutboxEntries = 32;
constexpr std::uint64_t kSearchedBlocks = 20'000;  // about three days of Ethereum

absl::StatusOr<std::uint32_t> FindSlot(const Config& config, const SlotKeys& keys,
                                       chain::Contracts& contracts) {
  if (config.slot) return *config.slot;
  ASSIGN_OR_RETURN(const auto slot, contracts.SlotOf(keys.hot.address()));
  if (slot) return *slot;
  return absl::NotFoundError(absl::StrCat("no slot has the hot key 0x", ToHex(keys.hot.address()),
                                          "; register one with kaisar-checker stake"));
}

std::uint32_t EpochAt(const chain::Schedule& schedule, std::uint64_t time_s) {
  if (time_s < schedule.genesis) return 0;
  return static_cast<std::uint32_t>((time_s - schedule.genesis) / schedule.epoch_seconds);
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

absl::Status ReadAccepted(chain::Contracts& contracts, std::uint64_t newest, SlotStatus& status) {
  const chain::Deployment& deployment = contracts.deployment();
  chain::LogFilter filter;
  filter.address = deployment.reports;
  filter.topics = {chain::RevealedTopic(), std::nullopt, chain::TopicOf(status.slot)};
  filter.from_block =
      std::max(deployment.block, newest > kSearchedBlocks ? newest - kSearchedBlocks : 0);
  filter.to_block = newest;
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
  status.cost_per_epoch = (latest.base_fee + fees.priority_fee) * Uint256(reporter::kEpochGas);
  return absl::OkStatus();
}

void ReadMachine(const Config& config, SlotStatus& status) {
  std::error_code error;
  status.has_signatures = std::filesystem::exists(SignaturesPath(config), error);
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

absl::StatusOr<SlotStatus> Read(const StatusOptions& options) {
  ASSIGN_OR_RETURN(const Config config, ReadConfig(options.config));
  if (!config.chain) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.config, ": registry: is file, expected evm: status is the chain's"));
  }
  ASSIGN_OR_RETURN(const SlotKeys keys, ReadSlotKeys(config));
  ASSIGN_OR_RETURN(const auto access, ChainAccess::Open(*config.chain, RealClock()));
  return ReadSlotStatus(config, keys, access->contracts(), RealClock());
}

}  // namespace

absl::StatusOr<SlotStatus> ReadSlotStatus(const Config& config, const SlotKeys& keys,
                                          chain::Contracts& contracts, const Clock& clock) {
  SlotStatus status;
  ASSIGN_OR_RETURN(status.slot, FindSlot(config, keys, contracts));
  ASSIGN_OR_RETURN(status.state, contracts.Slot(status.slot));
  ASSIGN_OR_RETURN(const chain::Block latest, contracts.client().Latest());
  status.schedule = contracts.deployment().schedule;
  status.now_s = latest.timestamp_s;
  status.wall_s = clock.WallMs() / 1000;
  status.epoch = EpochAt(status.schedule, status.now_s);
  status.hot_key = keys.hot.address();
  status.low_balance = config.chain->low_balance;
  ASSIGN_OR_RETURN(const auto opening, contracts.FindOpening(status.epoch));
  status.opened = opening.has_value();
  const std::uint32_t duty_epoch = std::max(status.epoch, status.state.active_from);
  ASSIGN_OR_RETURN(const Address hot_key, contracts.HotKeyAt(status.slot, duty_epoch));
  status.duty = CheckDuty(duty_epoch, status.slot, status.state, hot_key, keys);
  RETURN_IF_ERROR(ReadRecent(contracts, status));
  RETURN_IF_ERROR(ReadAccepted(contracts, latest.number, status));
  RETURN_IF_ERROR(ReadMoney(contracts, latest, status));
  ReadMachine(config, status);
  return status;
}

int StatusCommand(const StatusOptions& options) {
  const absl::StatusOr<SlotStatus> status = Read(options);
  if (!status.ok()) {
    std::cerr << "kaisar-checker: cannot tell: " << status.status().message() << "\n";
    return kCannotTell;
  }
  const std::vector<Problem> problems = FindProblems(*status);
  std::cout << (options.json ? StatusJson(*status, problems) : StatusText(*status, problems))
            << std::flush;
  return problems.empty() ? 0 : kSomethingWrong;
}

}  // namespace kaisar::checker
