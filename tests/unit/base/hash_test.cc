// SHA-256, HMAC, HKDF, Keccak-256 and ChaCha20 against the vectors of their specifications.

#include <gtest/gtest.h>

#include <string>

#include "base/chacha20.h"
#include "base/hex.h"
#include "base/hkdf.h"
#include "base/keccak256.h"
#include "base/sha256.h"

namespace kaisar {
namespace {

Bytes Repeated(std::uint8_t byte, std::size_t count) {
  return Bytes(count, byte);
}

Bytes Counting(std::uint8_t first, std::size_t count) {
  Bytes bytes;
  for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(first + i));
  return bytes;
}

std::string HexOf(const Digest& digest) {
  return ToHex(digest);
}

TEST(Sha256, GivesTheHashesOfFips180) {
  EXPECT_EQ(HexOf(Sha256(ViewOf(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HexOf(Sha256(ViewOf("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexOf(Sha256(ViewOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(HexOf(Sha256(Repeated('a', 1000000))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, IsTheSameInPiecesAndStartsOverAfterFinish) {
  Sha256Hasher hasher;
  EXPECT_EQ(hasher.Update(ViewOf("a")).Update(ViewOf("")).Update(ViewOf("bc")).Finish(),
            Sha256(ViewOf("abc")));
  EXPECT_EQ(hasher.Update(ViewOf("abc")).Finish(), Sha256(ViewOf("abc")));
  EXPECT_EQ(hasher.Finish(), Sha256(ViewOf("")));
  EXPECT_EQ(Sha256(ViewOf("ab"), ViewOf("c")), Sha256(ViewOf("abc")));
}

TEST(Keccak256, IsEthereumsAndNotNistsSha3) {
  EXPECT_EQ(HexOf(Keccak256(ViewOf(""))),
            "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  EXPECT_EQ(HexOf(Keccak256(ViewOf("abc"))),
            "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
  // The topic of ERC-20's Transfer event.
  EXPECT_EQ(HexOf(Keccak256(ViewOf("Transfer(address,address,uint256)"))),
            "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
}

TEST(HmacSha256, GivesTheCodesOfRfc4231) {
  const auto hmac = [](const Bytes& key, ByteView message) {
    return HexOf(HmacSha256(key, message));
  };
  EXPECT_EQ(hmac(Repeated(0x0b, 20), ViewOf("Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(HexOf(HmacSha256(ViewOf("Jefe"), ViewOf("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac(Repeated(0xaa, 20), Repeated(0xdd, 50)),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(hmac(Counting(1, 25), Repeated(0xcd, 50)),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  EXPECT_EQ(
      hmac(Repeated(0xaa, 131), ViewOf("Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hmac(Repeated(0xaa, 131),
                 ViewOf("This is a test using a larger than block-size key and a larger than "
                        "block-size data. The key needs to be hashed before being used by the "
                        "HMAC algorithm.")),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(HmacSha256, TakesAKeyOfExactlyOneBlockAsItIs) {
  // RFC 2104: only longer keys are hashed; a shorter one is the same as with zeros behind it.
  EXPECT_EQ(HmacSha256(Repeated(0, 64), ViewOf("m")), HmacSha256({}, ViewOf("m")));
  EXPECT_NE(HmacSha256(Repeated(0, 65), ViewOf("m")), HmacSha256({}, ViewOf("m")));
}

TEST(Hkdf, GivesTheFirst32BytesOfRfc5869) {
  // Test case 1.
  Digest prk = HkdfExtract(Counting(0x00, 13), Repeated(0x0b, 22));
  EXPECT_EQ(HexOf(prk), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  EXPECT_EQ(HexOf(HkdfExpand(prk, Counting(0xf0, 10))),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  // Test case 2.
  prk = HkdfExtract(Counting(0x60, 80), Counting(0x00, 80));
  EXPECT_EQ(HexOf(prk), "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244");
  EXPECT_EQ(HexOf(HkdfExpand(prk, Counting(0xb0, 80))),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c");
  // Test case 3.
  EXPECT_EQ(HexOf(HkdfExtract({}, Repeated(0x0b, 22))),
            "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04");
  EXPECT_EQ(HexOf(HkdfSha256(Repeated(0x0b, 22), {}, {})),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

constexpr char kZeroBlock0[] =
    "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
    "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586";
constexpr char kZeroBlock1[] =
    "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
    "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f";

std::string Read(ChaCha20Keystream& stream, std::size_t bytes) {
  Bytes out(bytes, 0xee);
  stream.Read(absl::MakeSpan(out));
  return ToHex(out);
}

TEST(ChaCha20Keystream, GivesTheBlocksOfRfc8439) {
  ChaCha20Keystream zero(Digest{}, {});  // A.1, test vectors 1 and 2
  EXPECT_EQ(Read(zero, 128), std::string(kZeroBlock0) + kZeroBlock1);
  Digest key;
  ASSERT_TRUE(CopyExactly(Counting(0, 32), key));
  ChaCha20Keystream stream(key, {0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0});  // 2.3.2, counter 1
  Read(stream, 64);
  EXPECT_EQ(Read(stream, 64),
            "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
            "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e");
}

TEST(ChaCha20Keystream, IsTheSameInPiecesOfAnySize) {
  ChaCha20Keystream whole(Digest{7}, {});
  ChaCha20Keystream pieces(Digest{7}, {});
  std::string joined;
  for (const std::size_t size : std::vector<std::size_t>{1, 63, 64, 65, 0, 200, 7})
    joined += Read(pieces, size);
  EXPECT_EQ(joined, Read(whole, joined.size() / 2));
}

TEST(ChaCha20Keystream, StartsAgainUnderAnotherNonceInTheMiddleOfABlock) {
  const ChaCha20Keystream::Nonce nonce = {1};
  ChaCha20Keystream stream(Digest{7}, {});
  Read(stream, 100);
  stream.Restart(nonce);
  ChaCha20Keystream fresh(Digest{7}, nonce);
  const std::string expected = Read(fresh, 100);
  EXPECT_EQ(Read(stream, 100), expected);
  stream.Restart({});
  EXPECT_NE(Read(stream, 100), expected);
}

}  // namespace
}  // namespace kaisar
