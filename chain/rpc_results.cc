#include "chain/rpc_results.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/keccak256.h"
#include "base/status_macros.h"
#include "chain/rlp.h"
#include "chain/rpc_object.h"

namespace kaisar::chain {
namespace {

constexpr int kFeeBits = 128;
constexpr std::size_t kMostTopics = 4;
constexpr std::size_t kMostLogBytes = 4 << 20;  // a reveal of 1,000,000 devices has this many
constexpr std::size_t kMostExtraBytes =
    1 << 10;  // Ethereum allows 32, proof-of-authority chains more
constexpr std::size_t kBloomBytes = 256;
constexpr std::size_t kNonceBytes = 8;
constexpr std::size_t kMostBlocks = 1024;  // of a fee history
// Blocks without transactions report a tip of 0, which no pool takes; this is above what geth and
// Besu ask for by default (0.001 gwei and 1000 wei).
constexpr std::uint64_t kLeastTip = 10'000'000;  // wei per gas

std::uint32_t ReadIndex(RpcObject& object, const char* key) {
  return static_cast<std::uint32_t>(object.Quantity(key, 32).ToUint64());
}

LogEntry ReadLogEntry(RpcObject& object) {
  LogEntry entry;
  entry.address = object.Account("address");
  entry.data = object.HexData("data", kMostLogBytes);
  entry.block_number = object.Uint64("blockNumber");
  entry.block_hash = object.Hash("blockHash");
  entry.transaction = object.Hash("transactionHash");
  entry.index = ReadIndex(object, "logIndex");
  for (const Json& topic : object.Array("topics", kMostTopics)) {
    const absl::StatusOr<Bytes> bytes = ReadHexData(topic, sizeof(Digest));
    entry.topics.emplace_back();
    if (!bytes.ok() || !CopyExactly(*bytes, entry.topics.back())) {
      object.Fail("topics", "has one that is not 32 bytes");
    }
  }
  return entry;
}

bool Matches(const LogEntry& entry, const LogFilter& filter) {
  if (entry.address != filter.address || entry.block_number < filter.from_block ||
      entry.block_number > filter.to_block || entry.topics.size() < filter.topics.size()) {
    return false;
  }
  for (std::size_t i = 0; i < filter.topics.size(); ++i) {
    if (filter.topics[i].has_value() && *filter.topics[i] != entry.topics[i]) return false;
  }
  return true;
}

Fees SuggestedFees(const Uint256& base_fee, const Uint256& tip) {
  const Uint256 priority = std::max(tip, Uint256(kLeastTip));
  return {base_fee * 2 + priority, priority};
}

absl::StatusOr<Uint256> ReadFee(const Json& value) {
  return ReadQuantity(value, kFeeBits);
}

}  // namespace

absl::StatusOr<Block> ReadBlock(const Json& result) {
  RpcObject object(result);
  Block block;
  block.number = object.Uint64("number");
  block.hash = object.Hash("hash");
  block.parent = object.Hash("parentHash");
  block.timestamp_s = object.Uint64("timestamp");
  if (object.Has("baseFeePerGas")) block.base_fee = object.Quantity("baseFeePerGas", kFeeBits);
  RETURN_IF_ERROR(object.status());
  return block;
}

absl::StatusOr<Bytes> ReadHeader(const Json& result) {
  RpcObject object(result);
  std::vector<Bytes> fields;
  const auto hash = [&](const char* key) { fields.push_back(RlpString(object.Hash(key))); };
  const auto number = [&](const char* key) {
    fields.push_back(RlpInteger(object.Quantity(key, 256)));
  };
  const auto bytes = [&](const char* key, std::size_t most) {
    fields.push_back(RlpString(object.HexData(key, most)));
  };
  hash("parentHash");
  hash("sha3Uncles");
  fields.push_back(RlpString(object.Account("miner")));
  for (const char* key : {"stateRoot", "transactionsRoot", "receiptsRoot"}) hash(key);
  bytes("logsBloom", kBloomBytes);
  for (const char* key : {"difficulty", "number", "gasLimit", "gasUsed", "timestamp"}) number(key);
  bytes("extraData", kMostExtraBytes);
  hash("mixHash");
  bytes("nonce", kNonceBytes);
  // What later forks appended: London, Shanghai, Cancun (three), Prague.
  if (object.Has("baseFeePerGas")) number("baseFeePerGas");
  if (object.Has("withdrawalsRoot")) hash("withdrawalsRoot");
  if (object.Has("blobGasUsed")) number("blobGasUsed");
  if (object.Has("excessBlobGas")) number("excessBlobGas");
  if (object.Has("parentBeaconBlockRoot")) hash("parentBeaconBlockRoot");
  if (object.Has("requestsHash")) hash("requestsHash");
  const Digest expected = object.Hash("hash");
  RETURN_IF_ERROR(object.status());
  Bytes header = RlpList(fields);
  if (const Digest made = Keccak256(header); made != expected) {
    return absl::UnimplementedError(absl::StrCat("header hashes to 0x", ToHex(made), ", not to 0x",
                                                 ToHex(expected),
                                                 ": it has fields that are not known here"));
  }
  return header;
}

absl::StatusOr<std::vector<LogEntry>> ReadLogs(const Json& result, const LogFilter& filter) {
  if (!result.is_array()) {
    return absl::InvalidArgumentError(absl::StrCat("logs are ", result.type_name()));
  }
  std::vector<LogEntry> entries;
  entries.reserve(result.size());
  for (const Json& json : result) {
    RpcObject object(json);
    entries.push_back(ReadLogEntry(object));
    RETURN_IF_ERROR(object.status());
    if (!Matches(entries.back(), filter)) {
      return absl::InvalidArgumentError("logs have an entry that was not asked for");
    }
  }
  const auto place = [](const LogEntry& entry) {
    return std::tie(entry.block_number, entry.index);
  };
  std::sort(entries.begin(), entries.end(),
            [&](const LogEntry& a, const LogEntry& b) { return place(a) < place(b); });
  return entries;
}

absl::StatusOr<std::optional<Receipt>> ReadReceipt(const Json& result, const Digest& transaction) {
  if (result.is_null()) return std::nullopt;
  RpcObject object(result);
  if (!object.Has("blockNumber") && object.status().ok()) return std::nullopt;
  Receipt receipt;
  const std::uint64_t status = object.Uint64("status");
  if (status > 1) object.Fail("status", absl::StrCat("is ", status, ", expected 0 or 1"));
  receipt.success = status == 1;
  receipt.block_number = object.Uint64("blockNumber");
  receipt.block_hash = object.Hash("blockHash");
  receipt.gas_used = object.Uint64("gasUsed");
  receipt.gas_price = object.Quantity("effectiveGasPrice", kFeeBits);
  receipt.transaction = object.Hash("transactionHash");
  if (receipt.transaction != transaction) {
    object.Fail("transactionHash", "is not the one that was asked for");
  }
  RETURN_IF_ERROR(object.status());
  return receipt;
}

absl::StatusOr<Fees> ReadFeeHistory(const Json& result) {
  RpcObject object(result);
  const Json& base_fees = object.Array("baseFeePerGas", kMostBlocks);
  const Json& rewards = object.Array("reward", kMostBlocks);
  if (base_fees.empty()) object.Fail("baseFeePerGas", "is empty");
  RETURN_IF_ERROR(object.status());
  // The last one is of the block to come.
  ASSIGN_OR_RETURN(const Uint256 base_fee, ReadFee(base_fees.back()));
  std::vector<Uint256> tips;
  for (const Json& of_block : rewards) {
    if (!of_block.is_array() || of_block.size() != 1) {
      return absl::InvalidArgumentError("reward has an element without one value");
    }
    ASSIGN_OR_RETURN(const Uint256 tip, ReadFee(of_block.front()));
    tips.push_back(tip);
  }
  std::sort(tips.begin(), tips.end());
  return SuggestedFees(base_fee, tips.empty() ? Uint256() : tips[tips.size() / 2]);
}

Fees FeesOfGasPrice(const Uint256& gas_price, const Uint256& base_fee) {
  return SuggestedFees(base_fee, gas_price > base_fee ? gas_price - base_fee : Uint256());
}

}  // namespace kaisar::chain
