#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "chain/chain_client.h"
#include "chain/json_rpc_client.h"

namespace kaisar::checker {

/// Asks every endpoint of a chain whether it answers, by itself: whoever works with the chain asks
/// another one when the first is dead, and the dead one not again for hours.
///
/// Threads: one.
class EndpointWatch {
 public:
  /// `options` has the endpoints. The clock must outlive it.
  ///
  /// Errors: those of MakeJsonRpcClient.
  static absl::StatusOr<EndpointWatch> Make(const chain::JsonRpcOptions& options,
                                            const Clock& clock, const chain::HttpPost& post);

  /// Asks each for its newest block.
  ///
  /// Result: whether it answered, by chain::EndpointName; of several with one name, whether all
  ///         did.
  /// Cost:   a request each, 10 s each at most.
  std::map<std::string, bool> Look();

 private:
  struct Endpoint {
    std::string name;
    std::unique_ptr<chain::ChainClient> client;  // of this one alone
  };
  std::vector<Endpoint> endpoints_;
};

}  // namespace kaisar::checker
