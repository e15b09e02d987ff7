#include "chain/chain_access.h"

#include <utility>

#include "base/status_macros.h"

namespace kaisar::chain {

ChainAccess::ChainAccess(Deployment deployment, std::unique_ptr<ChainClient> client)
    : deployment_(std::move(deployment)),
      client_(std::move(client)),
      contracts_(*client_, deployment_) {}

absl::StatusOr<std::unique_ptr<ChainAccess>> ChainAccess::Open(const ChainSource& source,
                                                               const Clock& clock, HttpPost post) {
  ASSIGN_OR_RETURN(Deployment deployment, ReadDeployment(source.deployment));
  JsonRpcOptions options;
  options.endpoints = source.rpc;
  options.chain_id = deployment.chain_id;
  options.timeout_ms = source.timeout_ms;
  options.stale_after_s = source.stale_after_s;
  ASSIGN_OR_RETURN(auto client, MakeJsonRpcClient(std::move(options), clock, std::move(post)));
  return std::unique_ptr<ChainAccess>(new ChainAccess(std::move(deployment), std::move(client)));
}

}  // namespace kaisar::chain
