#include <pthread.h>
#include <signal.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

#include "base/file.h"
#include "base/status_macros.h"
#include "provider/commands.h"
#include "provider/event_log.h"
#include "provider/server.h"
#include "spdlog/async.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kMostConfigBytes = 1 << 20;
constexpr std::size_t kMostQueuedLines = 8192;

struct Inputs {
  ProviderConfig config;
  TlsKey tls_key;
  std::vector<Device> devices;
};

absl::StatusOr<Inputs> ReadInputs(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path, kMostConfigBytes));
  ASSIGN_OR_RETURN(
      ProviderConfig config,
      ParseProviderConfig(path, yaml, std::filesystem::path(path).parent_path().string()));
  ASSIGN_OR_RETURN(TlsKey tls_key, OpenTlsKey(config));
  ASSIGN_OR_RETURN(std::vector<Device> devices, OpenDevices(config));
  return Inputs{std::move(config), std::move(tls_key), std::move(devices)};
}

/// Lines go to standard error from a thread of spdlog's, so that no stream waits for a slow
/// terminal; when too many are queued, the oldest are dropped.
void StartLog(const std::string& level) {
  spdlog::init_thread_pool(kMostQueuedLines, 1);
  auto logger = spdlog::create_async_nb<spdlog::sinks::stderr_sink_mt>("kaisar-provider");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

/// Blocked in the main thread before any other is made, so that only `sigwait` sees them.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

}  // namespace

int RunCommand(const std::string& config_path) {
  const sigset_t signals = BlockStopSignals();
  absl::StatusOr<Inputs> inputs = ReadInputs(config_path);
  if (!inputs.ok()) {
    std::cerr << "kaisar-provider: " << inputs.status().message() << "\n";
    return kWrongUsage;
  }
  StartLog(inputs->config.log_level);
  auto server =
      Server::Start(inputs->config, inputs->tls_key, std::move(inputs->devices), RealClock());
  if (!server.ok()) {
    std::cerr << "kaisar-provider: " << server.status().message() << "\n";
    spdlog::shutdown();
    return kFailed;
  }
  std::cout << "listening on " << (*server)->address() << std::endl;
  LogEvent(EventLevel::kInfo, "listening", {{"address", (*server)->address()}});

  int received = 0;
  sigwait(&signals, &received);
  LogEvent(EventLevel::kInfo, "stopping", {{"signal", received}});
  // A second signal ends the process as if there were no handler.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  server->reset();
  LogEvent(EventLevel::kInfo, "stopped", {});
  spdlog::shutdown();
  return kFine;
}

}  // namespace kaisar::provider
