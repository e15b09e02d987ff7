#include "chain/rpc_errors.h"

#include <initializer_list>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "chain/revert_reason.h"

namespace kaisar::chain {
namespace {

constexpr std::int64_t kReverted = 3;  // geth's and anvil's code of a revert

bool HasAnyOf(absl::string_view text, std::initializer_list<const char*> parts) {
  for (const char* part : parts) {
    if (absl::StrContains(text, part)) return true;
  }
  return false;
}

std::string Told(const RpcError& error) {
  return absl::StrCat("error ", error.code, ": ", error.message);
}

absl::Status Reverted(const RpcError& error) {
  if (!error.revert.empty()) {
    return absl::AbortedError(absl::StrCat("reverted: ", DescribeRevert(error.revert)));
  }
  return absl::AbortedError(absl::StrCat("reverted: ", error.message));
}

}  // namespace

absl::Status CallStatus(const RpcError& error) {
  const std::string text = absl::AsciiStrToLower(error.message);
  if (HasAnyOf(text, {"insufficient funds", "upfront cost exceeds"})) {
    return absl::ResourceExhaustedError(Told(error));
  }
  if (HasAnyOf(text, {"missing trie node", "header not found", "state is not available",
                      "state not available", "historical state", "pruned", "blockoutofrange",
                      "unknown block", "no state available", "world state unavailable"})) {
    return absl::OutOfRangeError(Told(error));
  }
  if (error.code == kReverted || !error.revert.empty() ||
      HasAnyOf(text, {"revert", "out of gas", "invalid opcode", "stack underflow", "stack overflow",
                      "stack limit reached", "invalid jump", "gas required exceeds allowance",
                      "vm execution error", "always failing transaction"})) {
    return Reverted(error);
  }
  return absl::UnavailableError(Told(error));
}

absl::Status SendStatus(const RpcError& error) {
  const std::string text = absl::AsciiStrToLower(error.message);
  // Each with the words of geth and Erigon, Nethermind, Besu, anvil and Reth, in this order.
  if (HasAnyOf(text, {"already known", "alreadyknown", "known transaction", "already imported"})) {
    return absl::OkStatus();
  }
  if (HasAnyOf(text, {"nonce too low", "oldnonce", "nonce is too low"})) {
    return absl::AlreadyExistsError(Told(error));
  }
  if (HasAnyOf(text, {"underpriced", "feetoolow", "replacementnotallowed",
                      "below configured minimum", "max fee per gas less than block base fee",
                      "less than base fee", "below current base fee", "gas price too low"})) {
    return absl::FailedPreconditionError(Told(error));
  }
  if (HasAnyOf(text, {"insufficient funds", "insufficientfunds", "upfront cost exceeds",
                      "insufficient balance"})) {
    return absl::ResourceExhaustedError(Told(error));
  }
  if (HasAnyOf(text,
               {"intrinsic gas", "gaslimitexceeded", "exceeds block gas limit",
                "exceeds transaction gas limit", "invalid sender", "invalid signature",
                "invalid chain id", "invalid chain", "wrong chain", "oversized data",
                "type not supported", "rlp", "failed to decode", "higher than max fee per gas",
                "exceeds the configured cap", "invalid transaction"})) {
    return absl::InvalidArgumentError(Told(error));
  }
  return absl::UnavailableError(Told(error));
}

}  // namespace kaisar::chain
