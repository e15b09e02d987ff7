#include "base/signing_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "base/hex.h"
#include "base/keccak256.h"

namespace kaisar {
namespace {

using ::testing::HasSubstr;

// The account and the signature in the documentation of web3.js, eth.accounts.sign.
constexpr char kWeb3Secret[] = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
constexpr char kWeb3Address[] = "2c7536e3605d9c16a7a3d7b1898e529396a65c23";
constexpr char kWeb3Signature[] =
    "b91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
    "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c";

// The order of the group, from SEC 2.
constexpr char kOrder[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

Digest DigestOf(absl::string_view hex) {
  return ParseHexArray<32>(hex).value();
}
SigningKey KeyOf(absl::string_view hex) {
  return SigningKey::Parse(DigestOf(hex)).value();
}

// "Some data" as a personal message (EIP-191).
Digest Web3Digest() {
  return Keccak256(
      ViewOf("\x19"
             "Ethereum Signed Message:\n9Some data"));
}

// a - b for big-endian numbers, a >= b.
Digest Subtract(Digest a, const Digest& b) {
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    const int difference = a[i] - b[i] - borrow;
    borrow = difference < 0 ? 1 : 0;
    a[i] = static_cast<std::uint8_t>(difference + 256 * borrow);
  }
  return a;
}

Signature WithHighS(Signature signature) {
  Digest s;
  std::copy_n(signature.begin() + 32, 32, s.begin());
  const Digest high = Subtract(DigestOf(kOrder), s);
  std::copy_n(high.begin(), 32, signature.begin() + 32);
  signature[64] = static_cast<std::uint8_t>(27 + 28 - signature[64]);
  return signature;
}

class FixedEntropy final : public Entropy {
 public:
  explicit FixedEntropy(absl::StatusOr<std::uint8_t> byte) : byte_(std::move(byte)) {}
  absl::Status Fill(absl::Span<std::uint8_t> out) override {
    if (byte_.ok()) std::fill(out.begin(), out.end(), *byte_);
    return byte_.status();
  }

 private:
  absl::StatusOr<std::uint8_t> byte_;
};

TEST(SigningKey, HasTheAddressThatOtherImplementationsGive) {
  EXPECT_EQ(ToHex(KeyOf(kWeb3Secret).address()), kWeb3Address);
  // The address of private key 1 is known all over the network.
  EXPECT_EQ(
      ToHex(KeyOf("0000000000000000000000000000000000000000000000000000000000000001").address()),
      "7e5f4552091a69125d5dfcb7b8c2659029395bdf");
}

TEST(SigningKey, GivesTheSignatureThatOtherImplementationsGive) {
  EXPECT_EQ(ToHex(KeyOf(kWeb3Secret).Sign(Web3Digest())), kWeb3Signature);
}

TEST(SigningKey, SignsTheSameDigestTheSameWayAndOthersDifferently) {
  const SigningKey key = KeyOf(kWeb3Secret);
  EXPECT_EQ(key.Sign(Digest{1}), key.Sign(Digest{1}));
  EXPECT_NE(key.Sign(Digest{1}), key.Sign(Digest{2}));
}

TEST(SigningKey, RefusesZeroAndTheGroupOrder) {
  const absl::Status zero = SigningKey::Parse(Digest{}).status();
  EXPECT_EQ(zero.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(zero.message(), "private key is zero or not below the group order");
  EXPECT_FALSE(SigningKey::Parse(DigestOf(kOrder)).ok());
  EXPECT_TRUE(
      SigningKey::Parse(Subtract(DigestOf(kOrder), DigestOf(std::string(63, '0') + "1"))).ok());
}

TEST(SigningKey, IsMadeFromTheGivenEntropyOrNotAtAll) {
  FixedEntropy sevens(std::uint8_t{7});
  Digest expected;
  expected.fill(7);
  EXPECT_EQ(SigningKey::Make(sevens).value().secret(), expected);
  FixedEntropy broken(absl::InternalError("getrandom failed"));
  EXPECT_EQ(SigningKey::Make(broken).status().message(), "getrandom failed");
  FixedEntropy ones(std::uint8_t{255});  // above the group order
  EXPECT_EQ(SigningKey::Make(ones).status().code(), absl::StatusCode::kInternal);
  EXPECT_NE(SigningKey::Make(OsEntropy()).value().secret(),
            SigningKey::Make(OsEntropy()).value().secret());
}

TEST(SigningKey, KeepsItsSecretWhenMoved) {
  SigningKey first = KeyOf(kWeb3Secret);
  SigningKey second = SigningKey::Make(OsEntropy()).value();
  second = std::move(first);
  EXPECT_EQ(ToHex(second.secret()), kWeb3Secret);
  EXPECT_EQ(ToHex(second.address()), kWeb3Address);
  const SigningKey third(std::move(second));
  EXPECT_EQ(ToHex(third.Sign(Web3Digest())), kWeb3Signature);
}

TEST(RecoverAddress, NamesTheSigner) {
  const Bytes signature = ParseHex(kWeb3Signature).value();
  EXPECT_EQ(ToHex(RecoverAddress(Web3Digest(), signature).value()), kWeb3Address);
  EXPECT_NE(RecoverAddress(Digest{1}, signature).value(),
            RecoverAddress(Web3Digest(), signature).value());
}

TEST(RecoverAddress, RefusesAMalleatedSignatureWithHighS) {
  const SigningKey key = KeyOf(kWeb3Secret);
  const Signature low = key.Sign(Digest{5});
  const Signature high = WithHighS(low);
  const absl::Status status = RecoverAddress(Digest{5}, high).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "signature has a high s");
  EXPECT_FALSE(SignedBy(key.address(), Digest{5}, high));
  // It is the same signature but for s: turned back, it is good again.
  EXPECT_EQ(WithHighS(high), low);
  EXPECT_TRUE(SignedBy(key.address(), Digest{5}, low));
}

TEST(RecoverAddress, RefusesAWrongSizeAWrongVAndNumbersOutOfRange) {
  const Signature good = KeyOf(kWeb3Secret).Sign(Digest{5});
  EXPECT_EQ(RecoverAddress(Digest{5}, ByteView(good).first(64)).status().message(),
            "signature is 64 bytes, expected 65");
  EXPECT_EQ(RecoverAddress(Digest{5}, {}).status().message(), "signature is 0 bytes, expected 65");
  for (const std::uint8_t v : Bytes{0, 1, 26, 29, 255}) {
    Signature wrong = good;
    wrong[64] = v;
    EXPECT_THAT(RecoverAddress(Digest{5}, wrong).status().message(),
                HasSubstr("expected 27 or 28"));
  }
  Signature large = good;
  std::fill_n(large.begin(), 32, std::uint8_t{0xff});
  EXPECT_THAT(RecoverAddress(Digest{5}, large).status().message(), HasSubstr("group order"));
  Signature zero{};
  zero[64] = 27;
  EXPECT_EQ(RecoverAddress(Digest{5}, zero).status().message(),
            "signature is one that no key can have made");
}

TEST(SignedBy, IsTrueForTheSignerAndTheDigestAlone) {
  const SigningKey key = KeyOf(kWeb3Secret);
  const SigningKey other = SigningKey::Make(OsEntropy()).value();
  const Signature signature = key.Sign(Digest{5});
  EXPECT_TRUE(SignedBy(key.address(), Digest{5}, signature));
  EXPECT_FALSE(SignedBy(key.address(), Digest{6}, signature));
  EXPECT_FALSE(SignedBy(other.address(), Digest{5}, signature));
  EXPECT_FALSE(SignedBy(key.address(), Digest{5}, {}));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Signature changed = signature;
    changed[i] ^= 1;
    EXPECT_FALSE(SignedBy(key.address(), Digest{5}, changed)) << "byte " << i;
  }
}

}  // namespace
}  // namespace kaisar
