#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "chain/chain_access.h"
#include "checker/chain_config.h"

namespace kaisar::checker {

using chain::ChainAccess;

/// The chain that a config names, as chain::ChainAccess::Open.
absl::StatusOr<std::unique_ptr<ChainAccess>> OpenChain(const ChainConfig& config,
                                                       const Clock& clock,
                                                       chain::HttpPost post = chain::CurlPost());

}  // namespace kaisar::checker
