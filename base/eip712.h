#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace kaisar {

/// The EIP-712 domain {name: "Kaisar Checker", version: "1", chainId, verifyingContract}.
struct SigningDomain {
  std::uint64_t chain_id = 0;
  Address contract{};  // zero for a file roster
  friend bool operator==(const SigningDomain&, const SigningDomain&) = default;
};

/// The hash of a type's whole string, e.g. "Report(uint32 epoch,uint32 slot)".
///
/// Source: EIP-712, typeHash.
Digest TypeHash(absl::string_view type);

/// Encodes one EIP-712 struct: its type, then each field as a 32-byte word in order.
///
/// Source: EIP-712, hashStruct.
class StructHasher {
 public:
  explicit StructHasher(const Digest& type_hash);
  explicit StructHasher(absl::string_view type) : StructHasher(TypeHash(type)) {}
  StructHasher& Uint(std::uint64_t value);  // uint8 … uint64
  StructHasher& Bytes32(const Digest& value);
  StructHasher& EvmAddress(const Address& value);
  /// hashStruct: Keccak-256 of the words so far.
  Digest Finish() const;

 private:
  Bytes words_;
};

/// The digest that is signed: Keccak-256 of 19 01 || domain separator || struct hash.
///
/// Cost: 1 µs; 3 µs for another domain than the thread's last one.
Digest TypedDigest(const SigningDomain& domain, const Digest& struct_hash);

}  // namespace kaisar
