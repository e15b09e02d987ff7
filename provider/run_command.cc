#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <iostream>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "monitor/http_server.h"
#include "provider/chain_access.h"
#include "provider/chain_follower.h"
#include "provider/commands.h"
#include "provider/event_log.h"
#include "provider/metrics.h"
#include "provider/poll_thread.h"
#include "provider/server.h"
#include "provider/serving_watch.h"
#include "spdlog/async.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace kaisar::provider {
namespace {

constexpr std::size_t kMostQueuedLines = 8192;

struct Inputs {
  ProviderConfig config;
  std::unique_ptr<ChainAccess> chain;  // null: the config names the slots
  TlsKey tls_key;
  std::vector<Device> devices;
  std::string monitor_token;  // empty: none is asked for
};

/// `stopping` breaks off what is being asked of the chain.
absl::StatusOr<Inputs> ReadInputs(const std::string& path, const std::atomic<bool>& stopping) {
  ASSIGN_OR_RETURN(ProviderConfig config, ReadProviderConfig(path));
  std::unique_ptr<ChainAccess> chain;
  if (config.chain.has_value()) {
    ASSIGN_OR_RETURN(chain, OpenChain(*config.chain, RealClock(),
                                      chain::CurlPost([&stopping] { return stopping.load(); })));
    config.domain = {chain->deployment().chain_id, chain->deployment().reports};
  }
  ASSIGN_OR_RETURN(std::string token, monitor::ReadMonitorToken(config.monitor));
  ASSIGN_OR_RETURN(TlsKey tls_key, OpenTlsKey(config));
  ASSIGN_OR_RETURN(std::vector<Device> devices, OpenDevices(config));
  return Inputs{std::move(config), std::move(chain), std::move(tls_key), std::move(devices),
                std::move(token)};
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

/// Blocked in the main thread before any other is made, so that only AwaitStop sees them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

/// On SIGHUP: of all that the config says, only this can change while it serves.
void ReadLogLevel(const std::string& config_path) {
  const absl::StatusOr<ProviderConfig> config = ReadProviderConfig(config_path);
  if (!config.ok()) {
    LogEvent(EventLevel::kWarning, "log_level_stays", {{"reason", config.status().message()}});
    return;
  }
  spdlog::default_logger()->set_level(spdlog::level::from_str(config->log_level));
  LogEvent(EventLevel::kInfo, "log_level", {{"level", config->log_level}});
}

/// Result: the signal to stop.
int AwaitStop(const sigset_t& signals, const std::string& config_path, ServingWatch& watch) {
  constexpr timespec kLookEvery = {1, 0};  // so that a step of the clock is told when it happens
  while (true) {
    const int received = sigtimedwait(&signals, nullptr, &kLookEvery);
    watch.LookAtClock();
    if (received == SIGHUP) {
      ReadLogLevel(config_path);
    } else if (received > 0) {
      return received;
    }
  }
}

/// What learns from the chain who is served.
struct Following {
  Following(Inputs& inputs, std::vector<OwnDevice> devices, Server& server, ServingWatch& watch)
      : follower(inputs.chain->contracts(), std::move(devices), server.admission(), RealClock()),
        thread("chain", [this, &watch, poll_ms = inputs.config.chain->poll_ms] {
          const absl::Status status = follower.Poll();
          watch.ChainRead(status, follower.block_s(), follower.devices());
          return follower.RestMs(poll_ms);
        }) {}
  ChainFollower follower;
  PollThread thread;  // ends first
};

/// Result: null when the config wants nothing served.
std::unique_ptr<monitor::HttpServer> Serve(const Inputs& inputs, Metrics& metrics, Server& server,
                                           ServingWatch& watch) {
  const std::string& listen = inputs.config.monitor.listen;
  if (listen.empty()) return nullptr;
  metrics.ReadDevices([&server](auto reply) { server.descriptions().Ask(std::move(reply)); });
  metrics.ReadFacts([&watch] { return watch.Facts(); });
  return std::make_unique<monitor::HttpServer>(
      listen, metrics.Routes(inputs.monitor_token), [](const absl::StatusOr<std::string>& address) {
        if (address.ok()) {
          LogEvent(EventLevel::kInfo, "metrics", {{"address", *address}});
        } else {
          LogEvent(EventLevel::kWarning, "no_metrics", {{"reason", address.status().message()}});
        }
      });
}

std::vector<OwnDevice> OwnDevices(const std::vector<Device>& devices) {
  std::vector<OwnDevice> own;
  for (const Device& device : devices) own.push_back({device.id, device.key.address()});
  return own;
}

}  // namespace

int RunCommand(const std::string& config_path) {
  const sigset_t signals = BlockSignals();
  std::atomic<bool> stopping = false;
  absl::StatusOr<Inputs> inputs = ReadInputs(config_path, stopping);
  if (!inputs.ok()) {
    std::cerr << "kaisar-provider: " << inputs.status().message() << "\n";
    return kWrongUsage;
  }
  StartLog(inputs->config.log_level);
  std::vector<OwnDevice> own = OwnDevices(inputs->devices);
  Metrics metrics(KAISAR_VERSION, RealClock());
  auto server = Server::Start(inputs->config, inputs->tls_key, std::move(inputs->devices),
                              RealClock(), metrics.Hooks());
  if (!server.ok()) {
    std::cerr << "kaisar-provider: " << server.status().message() << "\n";
    spdlog::shutdown();
    return absl::IsFailedPrecondition(server.status()) ? kWrongUsage : kFailed;
  }
  std::cout << "listening on " << (*server)->address() << std::endl;
  LogEvent(EventLevel::kInfo, "listening", {{"address", (*server)->address()}});

  ServingWatch watch((*server)->admission(), (*server)->descriptions(), inputs->chain != nullptr,
                     RealClock());
  std::unique_ptr<monitor::HttpServer> http = Serve(*inputs, metrics, **server, watch);
  std::unique_ptr<Following> following;
  if (inputs->chain != nullptr) {
    following = std::make_unique<Following>(*inputs, std::move(own), **server, watch);
  }

  const int received = AwaitStop(signals, config_path, watch);
  LogEvent(EventLevel::kInfo, "stopping", {{"signal", received}});
  // A second signal ends the process as if there were no handler.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  stopping = true;
  following.reset();
  http.reset();
  server->reset();
  LogEvent(EventLevel::kInfo, "stopped", {});
  spdlog::shutdown();
  return kFine;
}

}  // namespace kaisar::provider
