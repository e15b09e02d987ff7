#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/uint256.h"
#include "chain/transaction.h"

namespace kaisar::chain {

struct Block {
  std::uint64_t number = 0;
  Digest hash{};
  Digest parent{};
  std::uint64_t timestamp_s = 0;  // Unix time
  Uint256 base_fee;               // wei per gas
  friend bool operator==(const Block&, const Block&) = default;
};

struct LogEntry {
  Address address{};
  std::vector<Digest> topics;
  Bytes data;
  std::uint64_t block_number = 0;
  Digest block_hash{};
  Digest transaction{};
  std::uint32_t index = 0;  // in the block
};

struct LogFilter {
  Address address{};
  std::vector<std::optional<Digest>> topics;  // null: any
  std::uint64_t from_block = 0;
  std::uint64_t to_block = 0;  // inclusive
};

struct Receipt {
  bool success = false;
  std::uint64_t block_number = 0;
  Digest block_hash{};
  std::uint64_t gas_used = 0;
  Uint256 gas_price;  // paid, wei per gas
  Digest transaction{};
};

/// A call without a transaction.
struct ViewCall {
  Address to{};
  Bytes input;
  std::optional<Address> from;
  std::optional<std::uint64_t> block;  // null: latest
};

/// What this project asks of an EVM chain. One adapter speaks JSON-RPC (chain/json_rpc_client.h), a
/// fake with behaviour is tests/support/fake_chain.h.
///
/// Errors:  of every method: Unavailable when no endpoint gave a usable answer in time (worth
/// asking
///          again later; the message names each endpoint and what was wrong with it);
///          FailedPrecondition when an endpoint serves another chain id; those named below.
/// Threads: all methods from any thread. They block; the adapter's deadline bounds each.
class ChainClient {
 public:
  virtual ~ChainClient() = default;

  virtual std::uint64_t chain_id() const = 0;
  virtual absl::StatusOr<Block> Latest() = 0;
  /// Errors: NotFound when there is no such block yet.
  virtual absl::StatusOr<Block> BlockAt(std::uint64_t number) = 0;
  /// The RLP of a block's header; its Keccak-256 was compared with the block's hash.
  ///
  /// Errors: NotFound; Unimplemented when the chain's headers have fields that are not known here.
  virtual absl::StatusOr<Bytes> Header(std::uint64_t number) = 0;
  /// The returned bytes.
  ///
  /// Errors: Aborted when the contract reverted: "reverted: " and Name(arguments) where the revert
  ///         data is of a known error, hex otherwise; OutOfRange when the state of the asked block
  ///         is no longer there.
  virtual absl::StatusOr<Bytes> Call(const ViewCall& call) = 0;
  /// In order. Splits the range as the endpoint's limits ask.
  virtual absl::StatusOr<std::vector<LogEntry>> Logs(const LogFilter& filter) = 0;
  /// Wei.
  virtual absl::StatusOr<Uint256> Balance(const Address& account) = 0;
  /// The number of an account's transactions that are in blocks.
  virtual absl::StatusOr<std::uint64_t> Nonce(const Address& account) = 0;
  /// What gets a transaction into the next blocks.
  virtual absl::StatusOr<Fees> SuggestFees() = 0;
  /// Errors: Aborted as Call.
  virtual absl::StatusOr<std::uint64_t> EstimateGas(const ViewCall& call) = 0;
  /// Hands a signed transaction in. Handing in the same bytes again is harmless, "already known" is
  /// success.
  ///
  /// Errors: AlreadyExists when its nonce is used by a block ("nonce too low"); FailedPrecondition
  ///         for "replacement transaction underpriced"; ResourceExhausted when the account cannot
  ///         pay; InvalidArgument for what the chain will never take.
  virtual absl::Status Send(const SignedTransaction& transaction) = 0;
  /// Null while the transaction is in no block.
  virtual absl::StatusOr<std::optional<Receipt>> FindReceipt(const Digest& transaction) = 0;
};

}  // namespace kaisar::chain
