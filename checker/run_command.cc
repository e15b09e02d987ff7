#include "checker/run_command.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/entropy.h"
#include "base/status_macros.h"
#include "checker/chain_run.h"
#include "checker/check_pool.h"
#include "checker/epoch_runner.h"
#include "checker/file_registry.h"
#include "checker/grpc_client.h"
#include "checker/monitor/counted_signatures.h"
#include "checker/monitor/monitor.h"
#include "checker/run_again.h"
#include "checker/run_console.h"
#include "checker/run_inputs.h"
#include "checker/stop_request.h"
#include "checker/stop_signals.h"
#include "checker/tcp_reachability.h"
#include "reporter/signature_store.h"

namespace kaisar::checker {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongInput = 2;
constexpr std::uint64_t kAgainMs = 10'000;  // as systemd starts a unit again
constexpr std::uint32_t kPingsMs = 2000;    // for the pings of a matmul call, once it is connected

RunnerSettings SettingsOf(const RunInputs& inputs, std::uint32_t slot, std::uint32_t epochs) {
  RunnerSettings settings;
  settings.data_dir = inputs.config.data_dir;
  settings.slot = slot;
  settings.policy = inputs.policy_bytes;
  settings.reference_endpoints = inputs.config.reference_endpoints;
  settings.limits.most_matmul_in_flight = inputs.config.max_matmul_in_flight;
  settings.limits.connect_deadline_ms = inputs.config.connect_timeout_ms + kPingsMs;
  if (inputs.config.connection) settings.limits.line = *inputs.config.connection;
  settings.iperf = IperfPath(inputs.config);
  settings.epochs = epochs;
  return settings;
}

absl::StatusOr<std::unique_ptr<reporter::SignatureStore>> OpenSignatures(
    const Config& config, const std::string& config_path) {
  auto opened = reporter::SignatureStore::Open(SignaturesPath(config));
  if (!absl::IsNotFound(opened.status())) return opened;
  return absl::NotFoundError(absl::StrCat(
      opened.status().message(), " (kaisar-checker init-signatures --config ", config_path, ")"));
}

/// One run: what it was told, and what tells it to stop.
struct Run {
  const RunOptions& options;
  const RunInputs& inputs;
  const MakeReport& make_report;
  reporter::SignatureStore& signatures;
  StopRequest& stop;
  RunConsole& console;
  Monitor& monitor;
};

absl::Status RunEpochs(const Run& run, std::uint32_t slot, Registry& registry, RunnerHooks hooks) {
  const Config& config = run.inputs.config;
  GrpcClientOptions client_options;
  client_options.tls = run.inputs.keys.tls;
  client_options.connect_timeout_ms = config.connect_timeout_ms;
  client_options.idle_timeout_ms = config.idle_timeout_ms;
  ASSIGN_OR_RETURN(const auto client,
                   GrpcProviderClient::Make(std::move(client_options), RealClock()));
  ASSIGN_OR_RETURN(const auto prober, TcpReachability::Make(RealClock()));
  ASSIGN_OR_RETURN(const auto processes, MakeProcessRunner());
  CheckPool checks(config.check_threads);
  hooks.make_report = run.make_report;
  EpochRunner runner(
      SettingsOf(run.inputs, slot, run.options.epochs),
      RunnerServices{RealClock(), registry, *client, *prober, checks, run.inputs.keys.hot,
                     run.inputs.keys.chain, run.signatures, *processes},
      run.monitor.Listen(std::move(hooks)));
  run.stop.Listen([&runner] { runner.RequestStop(); });
  absl::Status status = runner.Run();
  run.stop.Forget();
  return status;
}

absl::Status RunOnFile(const Run& run) {
  FileRegistry registry(run.inputs.roster->grid, run.inputs.roster->roster, run.inputs.keys.chain,
                        OsEntropy(), RealClock());
  return RunEpochs(run, *run.inputs.config.slot, registry, run.console.Hooks());
}

absl::Status RunOnChain(const Run& run) {
  auto started =
      ChainRun::Start(run.inputs, run.signatures, run.stop, run.console, run.monitor, RealClock());
  if (absl::IsCancelled(started.status())) return absl::OkStatus();
  RETURN_IF_ERROR(started.status());
  ChainRun& chain = **started;
  RunnerHooks hooks = run.console.Hooks();
  hooks.epoch_reported = [&chain,
                          show = std::move(hooks.epoch_reported)](const EpochResult& result) {
    show(result);
    chain.thread().Add(result.report);
  };
  // A report that is not committed costs stake, whatever becomes of the epoch after it: the thread
  // "chain" goes on.
  const absl::Status status = RunAgain(
      [&] { return RunEpochs(run, chain.slot(), chain.registry(), hooks); }, kAgainMs, run.stop,
      [&run](const absl::Status& failed) {
        run.monitor.watch().DispatchFailed(std::string(failed.message()));
        run.console.Warn(absl::StrCat(
            "no epoch is run, only what is reported goes to the chain; trying again in ",
            kAgainMs / 1000, " s: ", failed.message()));
      });
  run.monitor.watch().DispatchEnded();
  run.stop.Listen([&chain] { chain.thread().Stop(); });
  chain.thread().WaitIdle();
  run.stop.Forget();
  return status;
}

int Fail(const absl::Status& status, int exit_status) {
  std::fprintf(stderr, "kaisar-checker: %s\n", std::string(status.message()).c_str());
  return exit_status;
}

/// On SIGHUP: of all that the config says, only this can change while epochs run.
void ReadLogLevel(const std::string& path, RunConsole& console) {
  const absl::StatusOr<Config> config = ReadConfig(path);
  if (!config.ok()) {
    console.Warn(absl::StrCat("log_level stays as it is: ", config.status().message()));
    return;
  }
  console.SetLogLevel(config->log_level);
  console.Notice(absl::StrCat("log_level is ", config->log_level));
}

absl::Status RunWith(const RunOptions& options, const RunInputs& inputs,
                     const MakeReport& make_report) {
  RunConsole console(options, inputs.config.log_level,
                     inputs.roster ? inputs.roster->names : RunConsole::Names());
  StopRequest stop;
  const StopSignals signals(
      [&] {
        console.Notice("stopping; what is open gets two seconds");
        stop.Make();
      },
      [&] { ReadLogLevel(options.config, console); });
  ASSIGN_OR_RETURN(auto store, OpenSignatures(inputs.config, options.config));
  ASSIGN_OR_RETURN(const auto monitor,
                   Monitor::Start(inputs, RealClock(),
                                  {[&console](const std::string& text) { console.Notice(text); },
                                   [&console](const std::string& text) { console.Warn(text); }}));
  const auto signatures = CountRefusals(
      std::move(store), [&monitor = *monitor] { monitor.chain_metrics().SignatureRefused(); });
  const Run run{options, inputs, make_report, *signatures, stop, console, *monitor};
  return inputs.config.chain ? RunOnChain(run) : RunOnFile(run);
}

}  // namespace

int RunCommand(const RunOptions& options, const MakeReport& make_report) {
  StopSignals::Block();
  const absl::StatusOr<RunInputs> inputs = ReadRunInputs(options.config);
  if (!inputs.ok()) return Fail(inputs.status(), kWrongInput);
  const absl::Status status = RunWith(options, *inputs, make_report);
  return status.ok() ? 0 : Fail(status, kFailed);
}

}  // namespace kaisar::checker
