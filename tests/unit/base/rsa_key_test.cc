#include "base/keys/rsa_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kaisar {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Made with `openssl genrsa 1024` and `openssl ecparam -name prime256v1 -genkey`.
constexpr char kShortRsaKey[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDPHEBSVm8TbHi6keTTOarsGwn5\n"
    "QTPi1oP8zIakRJzmmbGmyNudXQwzj9SFKcor3vaosSsSmG5sCPgpq9496nxYca90\n"
    "YDZqH05JIxWCrTLQx4odvwyzbLJSHVv64Y6FVSlLTo4lXoI2Q072feiXS9XZngsg\n"
    "O9giiquh6bS/rWRnOQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr char kEllipticKey[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1o78KDW6i41+hXJ8WHLYisfZuljJ\n"
    "KG9RkWswJf04F2OjootPCEQu9zuCw5XeicT8tNSLriga9kSF6iQjfW1Lwg==\n"
    "-----END PUBLIC KEY-----\n";

TEST(RsaKeyTest, EachPairIsNewAndItsPublicKeyMayBeUsed) {
  const auto one = MakeRsaKeyPair();
  const auto other = MakeRsaKeyPair();
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_THAT(one->private_key_pem, StartsWith("-----BEGIN PRIVATE KEY-----\n"));
  EXPECT_THAT(one->public_key_pem, StartsWith("-----BEGIN PUBLIC KEY-----\n"));
  EXPECT_NE(one->public_key_pem, other->public_key_pem);
  EXPECT_TRUE(ValidateRsaPublicKey(one->public_key_pem).ok());
}

TEST(RsaKeyTest, APrivateKeyIsNoPublicKey) {
  const auto pair = MakeRsaKeyPair();
  ASSERT_TRUE(pair.ok());
  EXPECT_THAT(ValidateRsaPublicKey(pair->private_key_pem).message(),
              HasSubstr("no RSA public key"));
}

TEST(RsaKeyTest, KeysOfAnotherKindOrSizeAreRefused) {
  for (const char* text : {"", "no key", kEllipticKey}) {
    const absl::Status status = ValidateRsaPublicKey(text);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr("no RSA public key")) << text;
  }
  EXPECT_THAT(ValidateRsaPublicKey(kShortRsaKey).message(),
              HasSubstr("1024 bits, expected 2048 to 4096"));
  EXPECT_THAT(ValidateRsaPublicKey(std::string(4097, 'x')).message(),
              HasSubstr("4097 bytes of PEM, limit 4096"));
}

}  // namespace
}  // namespace kaisar
