#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "chain/contracts.h"
#include "chain/deployment.h"
#include "chain/json_rpc_client.h"
#include "provider/config.h"

namespace kaisar::provider {

/// How a command was told where the chain is: by a provider.yaml with a `chain` block, or by the
/// deployment file and endpoints, which win over the config's.
struct ChainOptions {
  std::string config;      // path; may be empty
  std::string deployment;  // path
  std::vector<std::string> rpc;
};

/// Errors: InvalidArgument when something is left untold; those of reading the config.
absl::StatusOr<ChainConfig> FindChain(const ChainOptions& options);

/// The chain, the contracts on it, and where they are.
struct ChainAccess {
  /// Errors: those of chain::ReadDeployment and chain::MakeJsonRpcClient. Asks nothing yet.
  static absl::StatusOr<std::unique_ptr<ChainAccess>> Open(
      const ChainConfig& config, const Clock& clock, chain::HttpPost post = chain::CurlPost());

  ChainAccess(chain::Deployment deployment_of, std::unique_ptr<chain::ChainClient> client_of)
      : deployment(std::move(deployment_of)),
        client(std::move(client_of)),
        contracts(*client, deployment) {}
  ChainAccess(const ChainAccess&) = delete;
  ChainAccess& operator=(const ChainAccess&) = delete;

  const chain::Deployment deployment;
  const std::unique_ptr<chain::ChainClient> client;
  chain::Contracts contracts;
};

}  // namespace kaisar::provider
