#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "chain/chain_client.h"
#include "chain/contracts.h"
#include "chain/deployment.h"
#include "chain/json_rpc_client.h"

namespace kaisar::chain {

/// Where a chain and the contracts on it are, as a config or a command line says.
struct ChainSource {
  std::string deployment;             // path of the deployment file
  std::vector<std::string> rpc;       // URLs, tried in turn
  std::uint32_t timeout_ms = 10'000;  // of one request to one endpoint
  /// As in JsonRpcOptions; 0: an endpoint may be behind, as one that serves the past is.
  std::uint32_t stale_after_s = 0;
};

/// For whoever follows the newest block: an endpoint that is so far behind serves a past that
/// others have left.
inline constexpr std::uint32_t kStaleAfterS = 60;

/// A chain, the contracts on it, and where they are.
///
/// Threads: as ChainClient.
class ChainAccess {
 public:
  /// Reads the deployment file; asks nobody yet. `post` is how it will.
  ///
  /// Errors: those of ReadDeployment and MakeJsonRpcClient.
  static absl::StatusOr<std::unique_ptr<ChainAccess>> Open(const ChainSource& source,
                                                           const Clock& clock,
                                                           HttpPost post = CurlPost());
  ChainAccess(const ChainAccess&) = delete;
  ChainAccess& operator=(const ChainAccess&) = delete;

  const Deployment& deployment() const { return deployment_; }
  ChainClient& client() { return *client_; }
  Contracts& contracts() { return contracts_; }

 private:
  ChainAccess(Deployment deployment, std::unique_ptr<ChainClient> client);

  const Deployment deployment_;
  const std::unique_ptr<ChainClient> client_;
  Contracts contracts_;
};

}  // namespace kaisar::chain
