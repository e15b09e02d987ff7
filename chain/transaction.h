#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/signing_key.h"
#include "base/uint256.h"

namespace kaisar::chain {

/// What EIP-1559 lets a transaction pay. Units: wei per gas.
struct Fees {
  Uint256 max_fee;
  Uint256 priority_fee;
  friend bool operator==(const Fees&, const Fees&) = default;
};

/// An EIP-1559 transaction (type 2) with an empty access list.
struct Transaction {
  std::uint64_t chain_id = 0;
  std::uint64_t nonce = 0;
  Fees fees;
  std::uint64_t gas_limit = 0;
  Address to{};
  Uint256 value;
  Bytes input;
};

struct SignedTransaction {
  Bytes raw;      // 0x02 || rlp([…, y parity, r, s])
  Digest hash{};  // Keccak-256 of raw
};

/// Signs deterministically: the same transaction gives the same bytes and hash.
///
/// Source: EIP-1559, EIP-2718.
SignedTransaction SignTransaction(const Transaction& transaction, const SigningKey& key);

}  // namespace kaisar::chain
