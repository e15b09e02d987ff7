#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "chain/chain_access.h"
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

using chain::ChainAccess;

/// The chain that a config names, as chain::ChainAccess::Open.
absl::StatusOr<std::unique_ptr<ChainAccess>> OpenChain(const ChainConfig& config,
                                                       const Clock& clock,
                                                       chain::HttpPost post = chain::CurlPost());

}  // namespace kaisar::provider
