#include "base/keys/tls_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "base/hex.h"

namespace kaisar {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

/// Runs a command of the openssl tool on a file with this content.
std::string Shell(const std::string& content, const std::string& command) {
  const std::string path = ::testing::TempDir() + "tls_key_test.pem";
  std::ofstream(path) << content;
  FILE* pipe = popen(("F=" + path + "; " + command).c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::string output;
  for (int byte = std::fgetc(pipe); byte != EOF; byte = std::fgetc(pipe)) {
    output.push_back(static_cast<char>(byte));
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  std::remove(path.c_str());
  return output;
}

TEST(TlsKey, HasThePinThatTheOpensslToolComputes) {
  const TlsKey key = MakeTlsKey("device-5").value();
  const std::string expected =
      Shell(key.certificate_pem,
            "openssl x509 -in $F -noout -pubkey | openssl pkey -pubin -outform der | sha256sum");
  EXPECT_EQ(ToHex(TlsPin(key.certificate_pem).value()), expected.substr(0, 64));
}

TEST(TlsKey, IsAP256KeyWithASelfSignedCertificateForAHundredYears) {
  const TlsKey key = MakeTlsKey("checker-slot-3").value();
  EXPECT_THAT(key.private_key_pem, StartsWith("-----BEGIN PRIVATE KEY-----"));
  const std::string text =
      Shell(key.certificate_pem, "openssl x509 -in $F -noout -text -certopt no_sigdump");
  EXPECT_THAT(text, HasSubstr("NIST CURVE: P-256"));
  EXPECT_THAT(text, HasSubstr("Subject: CN = checker-slot-3"));
  EXPECT_THAT(text, HasSubstr("Issuer: CN = checker-slot-3"));
  EXPECT_THAT(text, HasSubstr("Not Before: Jan  1 00:00:00 2020 GMT"));
  EXPECT_THAT(text, HasSubstr("Not After : Jan  1 00:00:00 2120 GMT"));
  EXPECT_THAT(Shell(key.certificate_pem, "openssl verify -CAfile $F $F"), HasSubstr(": OK"));
}

TEST(TlsKey, IsAnotherOneEachTime) {
  EXPECT_NE(TlsPin(MakeTlsKey("a").value().certificate_pem).value(),
            TlsPin(MakeTlsKey("a").value().certificate_pem).value());
}

TEST(TlsKey, WantsANameThatFitsACertificate) {
  EXPECT_EQ(MakeTlsKey("").status().message(), "common name is 0 bytes, expected 1 to 64");
  EXPECT_EQ(MakeTlsKey(std::string(65, 'a')).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(MakeTlsKey(std::string(64, 'a')).ok());
}

TEST(TlsKey, IsReadBackFromOneFileInEitherOrder) {
  const TlsKey key = MakeTlsKey("a").value();
  for (const std::string& pem : {key.private_key_pem + key.certificate_pem,
                                 "a comment\n" + key.certificate_pem + key.private_key_pem}) {
    const TlsKey parsed = ParseTlsKey(pem).value();
    EXPECT_EQ(parsed.private_key_pem, key.private_key_pem);
    EXPECT_EQ(parsed.certificate_pem, key.certificate_pem);
  }
}

TEST(TlsKey, RefusesAFileWithoutKeyOrCertificateOrWithAnothersKey) {
  const TlsKey key = MakeTlsKey("a").value();
  const TlsKey other = MakeTlsKey("a").value();
  EXPECT_THAT(MessageOf(ParseTlsKey(key.private_key_pem).status()),
              StartsWith("PEM holds no certificate: "));
  EXPECT_THAT(MessageOf(ParseTlsKey(key.certificate_pem).status()),
              StartsWith("PEM holds no unencrypted private key: "));
  const absl::Status mixed = ParseTlsKey(other.private_key_pem + key.certificate_pem).status();
  EXPECT_EQ(mixed.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(mixed), StartsWith("private key and certificate do not belong together: "));
  EXPECT_EQ(ParseTlsKey("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseTlsKey(std::string(65537, '-')).status().message(),
            "PEM is 65537 bytes, limit 65536");
}

TEST(TlsKey, RefusesAnEncryptedKeyWithoutAskingForAPassword) {
  const TlsKey key = MakeTlsKey("a").value();
  const std::string encrypted =
      Shell(key.private_key_pem, "openssl pkey -in $F -aes128 -passout pass:secret");
  ASSERT_THAT(encrypted, HasSubstr("BEGIN ENCRYPTED PRIVATE KEY"));
  EXPECT_THAT(MessageOf(ParseTlsKey(encrypted + key.certificate_pem).status()),
              StartsWith("PEM holds no unencrypted private key"));
}

TEST(TlsPin, RefusesWhatIsNoCertificate) {
  EXPECT_EQ(TlsPin("").status().code(), absl::StatusCode::kInvalidArgument);
  std::string broken = MakeTlsKey("a").value().certificate_pem;
  broken.erase(60, 40);
  EXPECT_EQ(TlsPin(broken).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace kaisar
