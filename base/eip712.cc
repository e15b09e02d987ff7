#include "base/eip712.h"

#include "base/keccak256.h"

namespace kaisar {
namespace {

constexpr std::size_t kWordBytes = 32;

}  // namespace

StructHasher::StructHasher(absl::string_view type) {
  Bytes32(Keccak256(ViewOf(type)));
}

StructHasher& StructHasher::Uint(std::uint64_t value) {
  words_.resize(words_.size() + kWordBytes - sizeof(value));
  AppendBigEndian64(words_, value);
  return *this;
}

StructHasher& StructHasher::Bytes32(const Digest& value) {
  Append(words_, value);
  return *this;
}

StructHasher& StructHasher::EvmAddress(const Address& value) {
  words_.resize(words_.size() + kWordBytes - value.size());
  Append(words_, value);
  return *this;
}

Digest StructHasher::Finish() const {
  return Keccak256(words_);
}

Digest TypedDigest(const SigningDomain& domain, const Digest& struct_hash) {
  const Digest separator =
      StructHasher(
          "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
          .Bytes32(Keccak256(ViewOf("Kaisar Checker")))
          .Bytes32(Keccak256(ViewOf("1")))
          .Uint(domain.chain_id)
          .EvmAddress(domain.contract)
          .Finish();
  Bytes message = {0x19, 0x01};
  Append(message, separator);
  Append(message, struct_hash);
  return Keccak256(message);
}

}  // namespace kaisar
