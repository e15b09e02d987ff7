#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "chain/chain_client.h"

namespace kaisar::reporter {

/// Finds the first block at or after a time among those from `lowest` to `latest`.
///
/// Units:  `time_s` Unix time, not above the timestamp of `latest`.
/// Result: `lowest` itself when it is late enough already.
/// Errors: those of ChainClient::BlockAt.
/// Cost:   one request per halving.
absl::StatusOr<chain::Block> FirstBlockSince(chain::ChainClient& client, std::uint64_t time_s,
                                             std::uint64_t lowest, const chain::Block& latest);

}  // namespace kaisar::reporter
