#include "provider/chain_access.h"

#include "base/status_macros.h"

namespace kaisar::provider {
namespace {

// Blocks of the chains in question come every few seconds.
constexpr std::uint32_t kStaleAfterSeconds = 60;

absl::StatusOr<ChainConfig> ChainOfConfig(const std::string& path) {
  ASSIGN_OR_RETURN(const ProviderConfig config, ReadProviderConfig(path));
  if (config.chain.has_value()) return *config.chain;
  return absl::InvalidArgumentError(path + ": has no `chain`, which tells where the contracts are");
}

}  // namespace

absl::StatusOr<ChainConfig> FindChain(const ChainOptions& options) {
  ChainConfig chain;
  if (!options.config.empty()) {
    ASSIGN_OR_RETURN(chain, ChainOfConfig(options.config));
  }
  if (!options.deployment.empty()) chain.deployment = options.deployment;
  if (!options.rpc.empty()) chain.rpc = options.rpc;
  if (chain.deployment.empty() || chain.rpc.empty()) {
    return absl::InvalidArgumentError(
        "where is the chain? give --rpc and --deployment, or --config with a `chain` in it");
  }
  return chain;
}

absl::StatusOr<std::unique_ptr<ChainAccess>> ChainAccess::Open(const ChainConfig& config,
                                                               const Clock& clock,
                                                               chain::HttpPost post) {
  ASSIGN_OR_RETURN(chain::Deployment deployment, chain::ReadDeployment(config.deployment));
  chain::JsonRpcOptions options;
  options.endpoints = config.rpc;
  options.chain_id = deployment.chain_id;
  options.timeout_ms = config.timeout_ms;
  options.stale_after_s = kStaleAfterSeconds;
  ASSIGN_OR_RETURN(std::unique_ptr<chain::ChainClient> client,
                   chain::MakeJsonRpcClient(std::move(options), clock, std::move(post)));
  return std::make_unique<ChainAccess>(std::move(deployment), std::move(client));
}

}  // namespace kaisar::provider
