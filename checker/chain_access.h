#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "chain/chain_client.h"
#include "chain/contracts.h"
#include "chain/deployment.h"
#include "chain/json_rpc_client.h"
#include "checker/chain_config.h"

namespace kaisar::checker {

/// The chain that a config names: its contracts and how they are reached.
///
/// Threads: as chain::ChainClient.
class ChainAccess {
 public:
  /// Reads the deployment file; asks nobody yet. `post` is how it will.
  ///
  /// Errors: those of ReadDeployment and MakeJsonRpcClient.
  static absl::StatusOr<std::unique_ptr<ChainAccess>> Open(
      const ChainConfig& config, const Clock& clock, chain::HttpPost post = chain::CurlPost());

  const chain::Deployment& deployment() const { return deployment_; }
  chain::ChainClient& client() { return *client_; }
  chain::Contracts& contracts() { return contracts_; }

 private:
  ChainAccess(chain::Deployment deployment, std::unique_ptr<chain::ChainClient> client);

  const chain::Deployment deployment_;
  const std::unique_ptr<chain::ChainClient> client_;
  chain::Contracts contracts_;
};

}  // namespace kaisar::checker
