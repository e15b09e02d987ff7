#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "chain/transaction.h"

namespace kaisar::testing {

/// A transaction as a node understands it.
struct FakeTransaction {
  chain::Transaction fields;
  Address from{};
  Digest hash{};
};

/// Decodes an EIP-1559 transaction and recovers its sender. Written apart from
/// chain/transaction.cc, so that one finds the other's mistakes.
///
/// Errors: InvalidArgument when it is not one, its hash is another one, or its signature is wrong.
absl::StatusOr<FakeTransaction> DecodeTransaction(const chain::SignedTransaction& transaction);

}  // namespace kaisar::testing
