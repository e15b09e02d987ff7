#include "provider/chain_access.h"

#include <utility>

#include "base/status_macros.h"

namespace kaisar::provider {
namespace {

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

absl::StatusOr<std::unique_ptr<ChainAccess>> OpenChain(const ChainConfig& config,
                                                       const Clock& clock, chain::HttpPost post) {
  return ChainAccess::Open({config.deployment, config.rpc, config.timeout_ms, chain::kStaleAfterS},
                           clock, std::move(post));
}

}  // namespace kaisar::provider
