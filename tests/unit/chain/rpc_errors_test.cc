// What the clients of Ethereum say when they refuse, in their own words.

#include "chain/rpc_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chain/abi.h"

namespace kaisar::chain {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

TEST(SendStatus, KnowsTheWordsOfTheClients) {
  const struct {
    const char* message;
    StatusCode code;
  } cases[] = {
      // go-ethereum and Erigon
      {"already known", StatusCode::kOk},
      {"ALREADY_EXISTS: already known", StatusCode::kOk},
      {"known transaction: 6d3f...", StatusCode::kOk},
      {"nonce too low: address 0x12, tx: 4 state: 5", StatusCode::kAlreadyExists},
      {"replacement transaction underpriced", StatusCode::kFailedPrecondition},
      {"transaction underpriced: tip needed 1, tip permitted 0", StatusCode::kFailedPrecondition},
      {"max fee per gas less than block base fee: maxFeePerGas: 1, baseFee: 7",
       StatusCode::kFailedPrecondition},
      {"insufficient funds for gas * price + value: balance 0", StatusCode::kResourceExhausted},
      {"intrinsic gas too low: gas 0, minimum needed 21000", StatusCode::kInvalidArgument},
      {"exceeds block gas limit", StatusCode::kInvalidArgument},
      {"transaction type not supported", StatusCode::kInvalidArgument},
      {"max priority fee per gas higher than max fee per gas", StatusCode::kInvalidArgument},
      {"invalid chain id for signer: have 1 want 5", StatusCode::kInvalidArgument},
      {"rlp: expected input list for types.LegacyTx", StatusCode::kInvalidArgument},
      {"txpool is full", StatusCode::kUnavailable},
      // Nethermind
      {"AlreadyKnown", StatusCode::kOk},
      {"OldNonce, Current nonce: 5, nonce of rejected tx: 4", StatusCode::kAlreadyExists},
      {"ReplacementNotAllowed", StatusCode::kFailedPrecondition},
      {"FeeTooLow, MaxFeePerGas too low", StatusCode::kFailedPrecondition},
      {"InsufficientFunds, Account balance: 0", StatusCode::kResourceExhausted},
      {"GasLimitExceeded", StatusCode::kInvalidArgument},
      // Besu
      {"Known transaction", StatusCode::kOk},
      {"Nonce too low", StatusCode::kAlreadyExists},
      {"Replacement transaction underpriced", StatusCode::kFailedPrecondition},
      {"Gas price below configured minimum gas price", StatusCode::kFailedPrecondition},
      {"Upfront cost exceeds account balance", StatusCode::kResourceExhausted},
      {"Intrinsic gas exceeds gas limit", StatusCode::kInvalidArgument},
      // anvil and Reth
      {"transaction already imported", StatusCode::kOk},
      {"nonce too low", StatusCode::kAlreadyExists},
      {"Insufficient funds for gas * price + value", StatusCode::kResourceExhausted},
      {"max fee per gas less than block base fee", StatusCode::kFailedPrecondition},
      {"Failed to decode signed transaction", StatusCode::kInvalidArgument},
      // endpoints in front of them
      {"rate limit exceeded", StatusCode::kUnavailable},
      {"internal error", StatusCode::kUnavailable},
  };
  for (const auto& known : cases) {
    const absl::Status status = SendStatus({-32000, known.message, {}});
    EXPECT_EQ(status.code(), known.code) << known.message << ": " << status;
    if (!status.ok()) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(known.message));
    }
  }
}

TEST(CallStatus, KnowsTheWordsOfTheClients) {
  const struct {
    int code;
    const char* message;
    StatusCode status;
  } cases[] = {
      {3, "execution reverted", StatusCode::kAborted},
      {-32000, "execution reverted", StatusCode::kAborted},
      {-32015, "VM execution error.", StatusCode::kAborted},
      {-32000, "invalid opcode: INVALID", StatusCode::kAborted},
      {-32000, "gas required exceeds allowance (30000000)", StatusCode::kAborted},
      {-32000, "out of gas", StatusCode::kAborted},
      {-32000, "insufficient funds for transfer", StatusCode::kResourceExhausted},
      {-32000, "missing trie node 12 (path )", StatusCode::kOutOfRange},
      {-32000, "header not found", StatusCode::kOutOfRange},
      {-32000, "historical state 12 is not available", StatusCode::kOutOfRange},
      {-32602, "BlockOutOfRangeError: block height is 2 but requested was 9",
       StatusCode::kOutOfRange},
      {-32601, "the method eth_call does not exist", StatusCode::kUnavailable},
      {-32005, "daily request count exceeded", StatusCode::kUnavailable},
  };
  for (const auto& known : cases) {
    EXPECT_EQ(CallStatus({known.code, known.message, {}}).code(), known.status) << known.message;
  }
}

TEST(CallStatus, NamesTheContractsError) {
  const Bytes revert = EncodeCall("AlreadyOpened(uint32)", AbiEncoder().Uint(12));
  EXPECT_EQ(CallStatus({3, "execution reverted: custom error", revert}),
            absl::AbortedError("reverted: AlreadyOpened(epoch 12)"));
  EXPECT_EQ(CallStatus({3, "execution reverted", {}}),
            absl::AbortedError("reverted: execution reverted"));
}

}  // namespace
}  // namespace kaisar::chain
