#include "checker/run_command.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/entropy.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "challenges/policy.h"
#include "challenges/roster.h"
#include "checker/check_pool.h"
#include "checker/config.h"
#include "checker/epoch_runner.h"
#include "checker/event_log.h"
#include "checker/file_registry.h"
#include "checker/grpc_client.h"
#include "checker/progress.h"
#include "checker/progress_display.h"
#include "checker/roster_file.h"
#include "checker/slot_keys.h"
#include "checker/stop_signals.h"
#include "checker/summary.h"
#include "checker/tcp_reachability.h"
#include "reporter/signature_store.h"

namespace kaisar::checker {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongInput = 2;
constexpr std::uint64_t kMostPolicyBytes = 1 << 20;
constexpr std::uint32_t kPingsMs = 2000;  // for the pings of a matmul call, once it is connected

/// Everything that the operator wrote.
struct Inputs {
  Config config;
  std::string policy_bytes;
  challenges::Policy policy;
  RosterFile roster_file;
  SlotKeys keys;
};

std::string SignaturesPath(const Config& config) {
  return absl::StrCat(config.data_dir, "/signatures.db");
}

absl::StatusOr<Inputs> ReadInputs(const std::string& path) {
  ASSIGN_OR_RETURN(Config config, ReadConfig(path));
  ASSIGN_OR_RETURN(std::string policy_bytes, ReadFile(config.policy, kMostPolicyBytes));
  ASSIGN_OR_RETURN(challenges::Policy policy, challenges::ParsePolicy(config.policy, policy_bytes));
  ASSIGN_OR_RETURN(RosterFile roster_file, ReadRosterFile(config.roster, policy, config.slot));
  ASSIGN_OR_RETURN(SlotKeys keys, ReadSlotKeys(config));
  const v1::Slot* slot = challenges::FindSlot(roster_file.roster, config.slot);
  RETURN_IF_ERROR(CheckKeysMatch(keys, *slot));
  return Inputs{std::move(config), std::move(policy_bytes), std::move(policy),
                std::move(roster_file), std::move(keys)};
}

RunnerSettings SettingsOf(const Inputs& inputs, const RunOptions& options) {
  RunnerSettings settings;
  settings.data_dir = inputs.config.data_dir;
  settings.slot = inputs.config.slot;
  settings.policy = inputs.policy_bytes;
  settings.reference_endpoints = inputs.config.reference_endpoints;
  settings.limits.most_matmul_in_flight = inputs.config.max_matmul_in_flight;
  settings.limits.connect_deadline_ms = inputs.config.connect_timeout_ms + kPingsMs;
  settings.epochs = options.epochs;
  return settings;
}

/// What an operator sees: a display or event lines, and a summary per epoch.
class Console {
 public:
  Console(const Inputs& inputs, const RunOptions& options)
      : names_(inputs.roster_file.names),
        json_(options.json),
        displays_(!options.quiet &&
                  (options.progress == ProgressMode::kAlways ||
                   (options.progress == ProgressMode::kAuto && isatty(STDERR_FILENO) == 1))),
        progress_(names_),
        lines_(EventLog::ToStandardError(options.quiet || displays_ ? "off"
                                                                    : inputs.config.log_level)) {}

  RunnerHooks Hooks() {
    RunnerHooks hooks;
    hooks.epoch_began = [this](const Epoch& epoch, const auto& plan, const ResumePoint& resume) {
      Begin(epoch, plan, resume);
    };
    hooks.outcome = [this](const Outcome& outcome) {
      progress_.Count(outcome, policy_);
      lines_->Info("closed", FieldsOf(outcome, policy_));
    };
    hooks.epoch_reported = [this](const EpochResult& result) { Report(result); };
    hooks.notice = [this](const std::string& text) {
      progress_.Notice(text);
      lines_->Info("notice", {{"text", text}});
    };
    return hooks;
  }

  void Notice(const std::string& text) { progress_.Notice(text); }
  /// Leaves the terminal to others.
  void End() { display_.reset(); }

 private:
  void Begin(const Epoch& epoch, const std::vector<challenges::PlannedChallenge>& plan,
             const ResumePoint& resume) {
    policy_ = epoch.policy;
    progress_.Begin(epoch, plan, resume);
    lines_->Info("epoch_began", {{"epoch", absl::StrCat(epoch.scope.epoch)},
                                 {"slot", absl::StrCat(epoch.scope.slot)},
                                 {"devices", absl::StrCat(epoch.roster.devices_size())},
                                 {"challenges", absl::StrCat(plan.size())},
                                 {"ends_ms", absl::StrCat(epoch.end_ms)}});
    if (displays_) {
      display_ = std::make_unique<ProgressDisplay>(progress_, RealClock(), STDERR_FILENO);
    }
  }

  void Report(const EpochResult& result) {
    End();
    lines_->Info("epoch_reported", {{"epoch", absl::StrCat(result.report.report.epoch)},
                                    {"records", absl::StrCat(result.records)},
                                    {"report", result.report_path}});
    const std::string text =
        json_ ? SummaryJson(result, names_) : "\n" + SummaryTable(result, names_);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }

  const std::map<std::uint32_t, std::string>& names_;
  const bool json_;
  const bool displays_;
  challenges::Policy policy_;  // of the epoch that is running
  Progress progress_;
  std::unique_ptr<EventLog> lines_;
  std::unique_ptr<ProgressDisplay> display_;
};

absl::StatusOr<std::unique_ptr<reporter::SignatureStore>> OpenSignatures(
    const Config& config, const std::string& config_path) {
  auto opened = reporter::SignatureStore::Open(SignaturesPath(config));
  if (!absl::IsNotFound(opened.status())) return opened;
  return absl::NotFoundError(absl::StrCat(
      opened.status().message(), " (kaisar-checker init-signatures --config ", config_path, ")"));
}

absl::Status RunWith(const Inputs& inputs, const RunOptions& options, Console& console) {
  ASSIGN_OR_RETURN(const auto signatures, OpenSignatures(inputs.config, options.config));
  GrpcClientOptions client_options;
  client_options.tls = inputs.keys.tls;
  client_options.connect_timeout_ms = inputs.config.connect_timeout_ms;
  client_options.idle_timeout_ms = inputs.config.idle_timeout_ms;
  ASSIGN_OR_RETURN(const auto client,
                   GrpcProviderClient::Make(std::move(client_options), RealClock()));
  ASSIGN_OR_RETURN(const auto prober, TcpReachability::Make(RealClock()));
  CheckPool checks(inputs.config.check_threads);
  FileRegistry registry(inputs.roster_file.grid, inputs.roster_file.roster, inputs.keys.chain,
                        OsEntropy(), RealClock());
  EpochRunner runner(SettingsOf(inputs, options),
                     RunnerServices{RealClock(), registry, *client, *prober, checks,
                                    inputs.keys.hot, inputs.keys.chain, *signatures},
                     console.Hooks());
  const StopSignals signals([&] {
    console.Notice("stopping; what is open gets two seconds");
    runner.RequestStop();
  });
  return runner.Run();
}

int Fail(const absl::Status& status, int exit_status) {
  std::fprintf(stderr, "kaisar-checker: %s\n", std::string(status.message()).c_str());
  return exit_status;
}

}  // namespace

int RunCommand(const RunOptions& options) {
  StopSignals::Block();
  const absl::StatusOr<Inputs> inputs = ReadInputs(options.config);
  if (!inputs.ok()) return Fail(inputs.status(), kWrongInput);
  absl::Status status;
  {
    Console console(*inputs, options);
    status = RunWith(*inputs, options, console);
  }
  return status.ok() ? 0 : Fail(status, kFailed);
}

absl::Status InitializeSignatures(const std::string& config_path) {
  ASSIGN_OR_RETURN(const Config config, ReadConfig(config_path));
  std::error_code error;
  std::filesystem::create_directories(config.data_dir, error);
  if (error) return absl::InternalError(absl::StrCat(config.data_dir, ": ", error.message()));
  return reporter::SignatureStore::Initialize(SignaturesPath(config));
}

}  // namespace kaisar::checker
