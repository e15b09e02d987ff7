#include "base/eip712.h"

#include <algorithm>
#include <array>

#include "base/keccak256.h"

namespace kaisar {
namespace {

constexpr std::size_t kWordBytes = 32;
constexpr std::size_t kUsualWords = 9;  // the type's hash and the eight fields of a challenge

Digest MakeSeparator(const SigningDomain& domain) {
  static const Digest type = TypeHash(
      "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
  static const Digest name = Keccak256(ViewOf("Kaisar Checker"));
  static const Digest version = Keccak256(ViewOf("1"));
  return StructHasher(type)
      .Bytes32(name)
      .Bytes32(version)
      .Uint(domain.chain_id)
      .EvmAddress(domain.contract)
      .Finish();
}

/// Nearly all that a process signs or checks is of one domain.
const Digest& SeparatorOf(const SigningDomain& domain) {
  thread_local SigningDomain last;
  thread_local Digest separator = MakeSeparator(last);
  if (domain != last) {
    separator = MakeSeparator(domain);
    last = domain;
  }
  return separator;
}

}  // namespace

Digest TypeHash(absl::string_view type) {
  return Keccak256(ViewOf(type));
}

StructHasher::StructHasher(const Digest& type_hash) {
  words_.reserve(kUsualWords * kWordBytes);
  Bytes32(type_hash);
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
  const Digest& separator = SeparatorOf(domain);
  std::array<std::uint8_t, 2 + 2 * kWordBytes> message = {0x19, 0x01};
  std::copy(separator.begin(), separator.end(), message.begin() + 2);
  std::copy(struct_hash.begin(), struct_hash.end(), message.begin() + 2 + kWordBytes);
  return Keccak256(message);
}

}  // namespace kaisar
