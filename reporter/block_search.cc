#include "reporter/block_search.h"

#include "base/status_macros.h"

namespace kaisar::reporter {

absl::StatusOr<chain::Block> FirstBlockSince(chain::ChainClient& client, std::uint64_t time_s,
                                             std::uint64_t lowest, const chain::Block& latest) {
  chain::Block found = latest;
  while (lowest < found.number) {
    const std::uint64_t middle = lowest + (found.number - lowest) / 2;
    ASSIGN_OR_RETURN(const chain::Block block, client.BlockAt(middle));
    if (block.timestamp_s >= time_s) {
      found = block;
    } else {
      lowest = middle + 1;
    }
  }
  return found;
}

}  // namespace kaisar::reporter
