#include "checker/chain_access.h"

#include <utility>

namespace kaisar::checker {

absl::StatusOr<std::unique_ptr<ChainAccess>> OpenChain(const ChainConfig& config,
                                                       const Clock& clock, chain::HttpPost post) {
  return ChainAccess::Open({config.deployment, config.rpc, config.timeout_ms, chain::kStaleAfterS},
                           clock, std::move(post));
}

}  // namespace kaisar::checker
