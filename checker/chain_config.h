#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/uint256.h"
#include "base/yaml_reader.h"

namespace kaisar::checker {

/// How a checker reaches the chain: the `chain:` block of its config.
///
/// Source: docs/operating.md.
struct ChainConfig {
  std::string deployment;            // JSON that names the contracts, chain/deployment.h
  std::vector<std::string> rpc;      // http:// or https:// URLs, 1 to 8, tried in turn
  std::uint32_t confirmations = 2;   // blocks on top of what counts as done; 0 to 64
  std::uint64_t max_fee_gwei = 200;  // never offers more per gas; 1 to 1000000
  /// Wei of the chain's coin; a hot key with less is warned about.
  Uint256 low_balance = Uint256(50'000'000'000'000'000);
  std::uint32_t timeout_ms = 5000;  // of one request to one endpoint; 100 to 60000
  std::uint32_t settle_batch = 20;  // devices a transaction; 1 to 100

  /// Wei per gas.
  Uint256 most_fee() const { return Uint256(max_fee_gwei) * Uint256(1'000'000'000); }
};

/// Reads the block; its paths are taken as they are. Errors are collected in the reader.
ChainConfig ReadChainConfig(YamlReader& chain);

}  // namespace kaisar::checker
