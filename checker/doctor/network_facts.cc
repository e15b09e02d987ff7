#include "checker/doctor/network_facts.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "chain/deployment.h"
#include "chain/json_rpc_client.h"
#include "checker/doctor/sntp.h"
#include "checker/tcp_reachability.h"

namespace kaisar::checker {
namespace {

constexpr std::uint32_t kNtpMs = 2'000;
constexpr unsigned kConnectMs = 3'000;
constexpr std::size_t kAtOnce = 64;  // a descriptor or two each

/// Scheme, host and port: the rest of a URL may hold somebody's API key.
std::string NameOf(const std::string& url) {
  return url.substr(0, url.find_first_of("/?", url.find("://") + 3));
}

RpcAnswer AskOne(const std::string& url, std::uint64_t chain_id, const ChainConfig& config,
                 const Clock& clock) {
  RpcAnswer answer{NameOf(url), absl::OkStatus()};
  chain::JsonRpcOptions options;
  options.endpoints = {url};
  options.chain_id = chain_id;
  options.timeout_ms = config.timeout_ms;
  auto client = chain::MakeJsonRpcClient(std::move(options), clock);
  // The first request asks the chain id, too, and connects.
  absl::StatusOr<chain::Block> block = client.ok() ? (*client)->Latest() : client.status();
  const std::uint64_t begin_ns = clock.MonotonicNs();
  if (block.ok()) block = (*client)->Latest();
  answer.latency_ms = (clock.MonotonicNs() - begin_ns) / 1'000'000;
  answer.status = block.status();
  if (block.ok()) {
    answer.block = block->number;
    answer.block_s = block->timestamp_s;
  }
  return answer;
}

/// Connects under way, each of which is told of once.
class Batch {
 public:
  explicit Batch(std::size_t count) : left_(count) {}

  void Done(std::uint32_t device, bool reached) {
    MutexLock lock(mutex_);
    if (!reached) silent_.push_back(device);
    if (--left_ == 0) done_.SignalAll();
  }

  std::vector<std::uint32_t> Wait() {
    MutexLock lock(mutex_);
    while (left_ > 0) done_.Wait(mutex_);
    return silent_;
  }

 private:
  Mutex mutex_;
  CondVar done_;
  std::size_t left_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::uint32_t> silent_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::vector<RpcAnswer>> AskRpc(const ChainConfig& config, const Clock& clock) {
  ASSIGN_OR_RETURN(const chain::Deployment deployment, chain::ReadDeployment(config.deployment));
  std::vector<RpcAnswer> answers;
  for (const std::string& url : config.rpc) {
    answers.push_back(AskOne(url, deployment.chain_id, config, clock));
  }
  return answers;
}

std::vector<NtpAnswer> AskNtp(const std::vector<std::string>& servers, const Clock& clock) {
  std::vector<NtpAnswer> answers;
  for (const std::string& server : servers) {
    answers.push_back({server, AskSntp(server, kNtpMs, clock)});
  }
  return answers;
}

absl::StatusOr<Reached> ReachDevices(
    const v1::Roster& roster, std::size_t most, const Clock& clock,
    const std::function<void(std::size_t, std::size_t)>& progress) {
  ASSIGN_OR_RETURN(const auto prober, TcpReachability::Make(clock));
  Reached reached;
  reached.devices = static_cast<std::size_t>(roster.devices_size());
  const std::size_t all = std::min(most, reached.devices);
  while (reached.tried < all) {
    const std::size_t count = std::min(kAtOnce, all - reached.tried);
    const auto batch = std::make_shared<Batch>(count);
    for (std::size_t i = reached.tried; i < reached.tried + count; ++i) {
      const v1::Device& device = roster.devices(static_cast<int>(i * reached.devices / all));
      prober->Probe({device.endpoint()}, kConnectMs,
                    [batch, id = device.id()](ReachabilityResult result) {
                      batch->Done(id, result.reached > 0);
                    });
    }
    const std::vector<std::uint32_t> silent = batch->Wait();
    reached.silent.insert(reached.silent.end(), silent.begin(), silent.end());
    reached.tried += count;
    progress(reached.tried, all);
  }
  std::sort(reached.silent.begin(), reached.silent.end());
  return reached;
}

}  // namespace kaisar::checker
