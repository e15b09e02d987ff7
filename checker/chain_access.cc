#include "checker/chain_access.h"

#include <utility>

#include "base/status_macros.h"

namespace kaisar::checker {
namespace {

/// An endpoint that is so far behind serves a past that others have left.
constexpr std::uint32_t kStaleAfterS = 60;

}  // namespace

ChainAccess::ChainAccess(chain::Deployment deployment, std::unique_ptr<chain::ChainClient> client)
    : deployment_(std::move(deployment)),
      client_(std::move(client)),
      contracts_(*client_, deployment_) {}

absl::StatusOr<std::unique_ptr<ChainAccess>> ChainAccess::Open(const ChainConfig& config,
                                                               const Clock& clock,
                                                               chain::HttpPost post) {
  ASSIGN_OR_RETURN(chain::Deployment deployment, chain::ReadDeployment(config.deployment));
  chain::JsonRpcOptions options;
  options.endpoints = config.rpc;
  options.chain_id = deployment.chain_id;
  options.timeout_ms = config.timeout_ms;
  options.stale_after_s = kStaleAfterS;
  ASSIGN_OR_RETURN(auto client,
                   chain::MakeJsonRpcClient(std::move(options), clock, std::move(post)));
  return std::unique_ptr<ChainAccess>(new ChainAccess(std::move(deployment), std::move(client)));
}

}  // namespace kaisar::checker
