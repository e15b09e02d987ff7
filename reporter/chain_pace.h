#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "chain/chain_client.h"

namespace kaisar::reporter {

/// How fast the chain makes blocks, and whether it still does.
///
/// Threads: one at a time.
class ChainPace {
 public:
  /// Errors: those of ChainClient::BlockAt.
  absl::Status Observe(chain::ChainClient& client, const chain::Block& latest);

  /// Between two blocks, averaged over 16 to 256 of them; 100 ms to a minute.
  std::uint64_t block_ms() const { return block_ms_; }

  /// What is wrong with the newest block's age; empty when nothing is.
  std::string Staleness(const chain::Block& latest, std::uint64_t wall_ms) const;

 private:
  std::optional<chain::Block> reference_;
  std::uint64_t block_ms_ = 1000;
};

}  // namespace kaisar::reporter
