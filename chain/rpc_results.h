#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/uint256.h"
#include "chain/chain_client.h"
#include "chain/rpc_message.h"

namespace kaisar::chain {

/// Readers of what endpoints return. Numbers are limited to what the network can have, so that sums
/// of a few of them fit a word: fees 128 bits, balances 192.
///
/// Errors: InvalidArgument with the member and what was expected.

absl::StatusOr<Block> ReadBlock(const Json& result);

/// The RLP of the header of a block.
///
/// Errors: also Unimplemented when its Keccak-256 is not the block's hash.
absl::StatusOr<Bytes> ReadHeader(const Json& result);

/// The entries in order of block and index. Every one is what `filter` asked for.
absl::StatusOr<std::vector<LogEntry>> ReadLogs(const Json& result, const LogFilter& filter);

/// Null for a transaction that is in no block.
absl::StatusOr<std::optional<Receipt>> ReadReceipt(const Json& result, const Digest& transaction);

/// The fees that a fee history suggests: the base fee may double, and the middle one of the blocks'
/// tips goes to who makes the block.
absl::StatusOr<Fees> ReadFeeHistory(const Json& result);

/// The same for a chain without a history of fees, by its gas price and its newest block.
Fees FeesOfGasPrice(const Uint256& gas_price, const Uint256& base_fee);

}  // namespace kaisar::chain
