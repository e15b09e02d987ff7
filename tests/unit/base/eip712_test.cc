#include "base/eip712.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/hex.h"
#include "base/keccak256.h"
#include "base/signing_key.h"

namespace kaisar {
namespace {

constexpr char kDomainType[] =
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
constexpr char kPersonType[] = "Person(string name,address wallet)";
constexpr char kMailType[] =
    "Mail(Person from,Person to,string contents)Person(string name,address wallet)";

Digest HashOf(absl::string_view text) {
  return Keccak256(ViewOf(text));
}
Address AddressOf(absl::string_view hex) {
  return ParseHexArray<20>(hex).value();
}

// The example of EIP-712, section "Specification of the eth_signTypedData JSON RPC" and Example.js.
Digest PersonHash(absl::string_view name, absl::string_view wallet) {
  return StructHasher(kPersonType).Bytes32(HashOf(name)).EvmAddress(AddressOf(wallet)).Finish();
}

Digest MailHash() {
  return StructHasher(kMailType)
      .Bytes32(PersonHash("Cow", "CD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"))
      .Bytes32(PersonHash("Bob", "bBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"))
      .Bytes32(HashOf("Hello, Bob!"))
      .Finish();
}

Digest MailDomain() {
  return StructHasher(kDomainType)
      .Bytes32(HashOf("Ether Mail"))
      .Bytes32(HashOf("1"))
      .Uint(1)
      .EvmAddress(AddressOf("CcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"))
      .Finish();
}

TEST(StructHasher, GivesTheStructHashesOfTheEipsExample) {
  EXPECT_EQ(ToHex(HashOf(kMailType)),
            "a0cedeb2dc280ba39b857546d74f5549c3a1d7bdc2dd96bf881f76108e23dac2");
  EXPECT_EQ(ToHex(PersonHash("Cow", "CD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826")),
            "fc71e5fa27ff56c350aa531bc129ebdf613b772b6604664f5d8dbe21b85eb0c8");
  EXPECT_EQ(ToHex(MailHash()), "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e");
  EXPECT_EQ(ToHex(MailDomain()),
            "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f");
}

TEST(StructHasher, GivesTheDigestAndTheSignatureOfTheEipsExample) {
  Bytes message = {0x19, 0x01};
  Append(message, MailDomain());
  Append(message, MailHash());
  const Digest digest = Keccak256(message);
  EXPECT_EQ(ToHex(digest), "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
  const SigningKey cow = SigningKey::Parse(HashOf("cow")).value();
  EXPECT_EQ(ToHex(cow.address()), "cd2a3d9f938e13cd947ec05abc7fe734df8dd826");
  EXPECT_EQ(ToHex(cow.Sign(digest)),
            "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
            "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c");
}

TEST(StructHasher, PutsIntegersAtTheEndOfTheirWord) {
  Digest word{};
  word[24] = 1;
  word[31] = 8;
  EXPECT_EQ(StructHasher("T(uint64 a)").Uint(0x0100000000000008).Finish(),
            StructHasher("T(uint64 a)").Bytes32(word).Finish());
}

TEST(TypedDigest, SeparatesNameVersionChainAndContract) {
  const SigningDomain domain{31337, AddressOf("CcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC")};
  Bytes message = {0x19, 0x01};
  Append(message, StructHasher(kDomainType)
                      .Bytes32(HashOf("Kaisar Checker"))
                      .Bytes32(HashOf("1"))
                      .Uint(31337)
                      .EvmAddress(domain.contract)
                      .Finish());
  Append(message, MailHash());
  EXPECT_EQ(TypedDigest(domain, MailHash()), Keccak256(message));
  EXPECT_NE(TypedDigest(domain, MailHash()), TypedDigest({1, domain.contract}, MailHash()));
  EXPECT_NE(TypedDigest(domain, MailHash()), TypedDigest({31337, Address{}}, MailHash()));
  EXPECT_NE(TypedDigest(domain, MailHash()), TypedDigest(domain, Digest{}));
}

TEST(TypedDigest, DoesNotDependOnTheDomainBefore) {
  const SigningDomain domains[] = {{31337, Address{}}, {1, Address{}}, {31337, Address{1}}, {}};
  for (const SigningDomain& before : domains) {
    for (const SigningDomain& domain : domains) {
      Digest alone{};
      std::thread([&] { alone = TypedDigest(domain, Digest{}); }).join();
      TypedDigest(before, Digest{});
      EXPECT_EQ(TypedDigest(domain, Digest{}), alone);
    }
  }
}

}  // namespace
}  // namespace kaisar
