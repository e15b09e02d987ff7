#include "base/keys/keystore.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/hex.h"

namespace kaisar {
namespace {

// The test vectors of the Web3 Secret Storage Definition.
constexpr char kPassword[] = "testpassword";
constexpr char kSecret[] = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
constexpr char kAddress[] = "008aeeda4d805471df9b2a5b0f38a0c3bcba786b";
constexpr char kPbkdf2[] = R"({
  "crypto": {
    "cipher": "aes-128-ctr",
    "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
    "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    "kdf": "pbkdf2",
    "kdfparams": {"c": 262144, "dklen": 32, "prf": "hmac-sha256",
      "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
    "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"
  },
  "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  "version": 3
})";
constexpr char kScrypt[] = R"({
  "crypto": {
    "cipher": "aes-128-ctr",
    "cipherparams": {"iv": "83dbcc02d8ccb40e466191a123791e0e"},
    "ciphertext": "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
    "kdf": "scrypt",
    "kdfparams": {"dklen": 32, "n": 262144, "r": 1, "p": 8,
      "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
    "mac": "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"
  },
  "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  "version": 3
})";

Digest Secret() {
  return ParseHexArray<32>(kSecret).value();
}

/// The keystore with one field replaced, or taken away when `value` is discarded.
std::string With(const std::string& keystore, const std::string& pointer,
                 const nlohmann::json& value) {
  nlohmann::json json = nlohmann::json::parse(keystore);
  json[nlohmann::json::json_pointer(pointer)] = value;
  return json.dump();
}

std::string Without(const std::string& keystore, const std::string& pointer) {
  nlohmann::json json = nlohmann::json::parse(keystore);
  const nlohmann::json::json_pointer path(pointer);
  json[path.parent_pointer()].erase(path.back());
  return json.dump();
}

TEST(Keystore, OpensThePublishedPbkdf2Wallet) {
  const SigningKey key = DecryptKeystore(kPbkdf2, kPassword).value();
  EXPECT_EQ(ToHex(key.secret()), kSecret);
  EXPECT_EQ(ToHex(key.address()), kAddress);
}

TEST(Keystore, OpensThePublishedScryptWallet) {
  EXPECT_EQ(ToHex(DecryptKeystore(kScrypt, kPassword).value().secret()), kSecret);
}

TEST(Keystore, RefusesAWrongPassword) {
  const absl::Status status = DecryptKeystore(kPbkdf2, "testpassword ").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(status.message(), "keystore does not open with this password");
}

TEST(Keystore, RefusesAChangedCiphertextIvOrMac) {
  const std::string light =
      EncryptSecret(Secret(), "p", KeystoreStrength::kLight, OsEntropy()).value();
  const nlohmann::json json = nlohmann::json::parse(light);
  for (const char* field : {"/crypto/ciphertext", "/crypto/mac", "/crypto/kdfparams/salt"}) {
    std::string hex = json[nlohmann::json::json_pointer(field)].get<std::string>();
    hex[5] = hex[5] == '0' ? '1' : '0';
    EXPECT_EQ(DecryptSecret(With(light, field, hex), "p").status().code(),
              absl::StatusCode::kUnauthenticated)
        << field;
  }
}

TEST(Keystore, IsReadBackAsItWasWritten) {
  const SigningKey key = SigningKey::Parse(Secret()).value();
  const std::string json = EncryptKeystore(key, "p", KeystoreStrength::kLight, OsEntropy()).value();
  EXPECT_EQ(DecryptKeystore(json, "p").value().secret(), Secret());
  const nlohmann::json parsed = nlohmann::json::parse(json);
  EXPECT_EQ(parsed["address"], kAddress);
  EXPECT_EQ(parsed["version"], 3);
  EXPECT_EQ(parsed["crypto"]["kdfparams"]["n"], 4096);
  EXPECT_EQ(parsed["id"].get<std::string>().size(), 36u);
  EXPECT_EQ(json.find(kSecret), std::string::npos);
}

TEST(Keystore, TakesANewSaltAndVectorEachTime) {
  const auto make = [] {
    return nlohmann::json::parse(
        EncryptSecret(Secret(), "p", KeystoreStrength::kLight, OsEntropy()).value())["crypto"];
  };
  const nlohmann::json first = make();
  const nlohmann::json second = make();
  EXPECT_NE(first["kdfparams"]["salt"], second["kdfparams"]["salt"]);
  EXPECT_NE(first["cipherparams"]["iv"], second["cipherparams"]["iv"]);
  EXPECT_NE(first["ciphertext"], second["ciphertext"]);
}

TEST(Keystore, ProtectsWithTheStandardCostUnlessToldOtherwise) {
  const std::string json =
      EncryptSecret(Secret(), "p", KeystoreStrength::kStandard, OsEntropy()).value();
  const nlohmann::json params = nlohmann::json::parse(json)["crypto"]["kdfparams"];
  EXPECT_EQ(params["n"], 262144);
  EXPECT_EQ(params["r"], 8);
  EXPECT_EQ(params["p"], 1);
}

TEST(Keystore, HoldsAnySecretWithoutAnAddress) {
  Digest zero{};  // no private key, but a fine secret
  const std::string json = EncryptSecret(zero, "p", KeystoreStrength::kLight, OsEntropy()).value();
  EXPECT_FALSE(nlohmann::json::parse(json).contains("address"));
  EXPECT_EQ(DecryptSecret(json, "p").value(), zero);
  EXPECT_EQ(DecryptKeystore(json, "p").status().message(),
            "private key is zero or not below the group order");
}

TEST(Keystore, DoesNotTakeAnAccountForASecretNorAnAddressOnTrust) {
  const SigningKey key = SigningKey::Parse(Secret()).value();
  const std::string json = EncryptKeystore(key, "p", KeystoreStrength::kLight, OsEntropy()).value();
  EXPECT_EQ(DecryptSecret(json, "p").status().message(),
            "keystore holds the key of account 008aeeda4d805471df9b2a5b0f38a0c3bcba786b, "
            "expected a secret without an address");
  const std::string other(40, '1');
  EXPECT_EQ(DecryptKeystore(With(json, "/address", other), "p").status().message(),
            "keystore field address is " + other + ", but its key has " + kAddress);
}

TEST(Keystore, AcceptsTheCapitalAndThePrefixThatSomeWalletsWrite) {
  nlohmann::json json = nlohmann::json::parse(kPbkdf2);
  json["Crypto"] = json["crypto"];
  json.erase("crypto");
  json["address"] = std::string("0x") + kAddress;
  json["x-wallet"] = {{"name", "a"}};
  EXPECT_EQ(ToHex(DecryptKeystore(json.dump(), kPassword).value().address()), kAddress);
}

TEST(Keystore, NamesTheFieldThatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "keystore is not a JSON object"},
      {"[1]", "keystore is not a JSON object"},
      {"{\"version\": 3", "keystore is not a JSON object"},
      {"{}", "keystore field version is missing, expected 3"},
      {With(kScrypt, "/version", 1), "keystore field version is 1, expected 3"},
      {With(kScrypt, "/version", "3"), "keystore field version is \"3\", expected 3"},
      {Without(kScrypt, "/crypto"),
       "keystore field crypto.cipher is missing, expected aes-128-ctr"},
      {With(kScrypt, "/crypto/cipher", "aes-128-cbc"),
       "keystore field crypto.cipher is \"aes-128-cbc\", expected aes-128-ctr"},
      {With(kScrypt, "/crypto/cipherparams", 5),
       "keystore field crypto.cipherparams.iv is missing, expected 16 bytes in hex"},
      {With(kScrypt, "/crypto/cipherparams/iv", "00"),
       "keystore field crypto.cipherparams.iv is \"00\", expected 16 bytes in hex"},
      {With(kScrypt, "/crypto/ciphertext", "zz"),
       "keystore field crypto.ciphertext is \"zz\", expected 32 bytes in hex"},
      {With(kScrypt, "/crypto/mac", nullptr),
       "keystore field crypto.mac is null, expected 32 bytes in hex"},
      {With(kScrypt, "/crypto/kdf", "argon2"),
       "keystore field crypto.kdf is \"argon2\", expected scrypt or pbkdf2"},
      {With(kScrypt, "/crypto/kdfparams/dklen", 64),
       "keystore field crypto.kdfparams.dklen is 64, expected 32"},
      {With(kScrypt, "/crypto/kdfparams/salt", std::string(514, '0')),
       "keystore field crypto.kdfparams.salt is \"" + std::string(79, '0') +
           "…, expected at most 256 bytes in hex"},
      {With(kPbkdf2, "/crypto/kdfparams/prf", "hmac-sha1"),
       "keystore field crypto.kdfparams.prf is \"hmac-sha1\", expected hmac-sha256"},
      {With(kPbkdf2, "/address", "1"), "keystore field address is \"1\", expected 20 bytes in hex"},
      {With(kPbkdf2, "/id", 1), "keystore field id is 1, expected a UUID"},
      {std::string(65537, ' '), "keystore is 65537 bytes, limit 65536"},
  };
  for (const auto& [json, message] : cases) {
    const absl::Status status = DecryptKeystore(json, kPassword).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), message);
  }
}

TEST(Keystore, RefusesACostBeyondTheLimitsBeforeItIsPaid) {
  const std::pair<std::string, std::string> cases[] = {
      {With(kScrypt, "/crypto/kdfparams/n", 1 << 24),
       "crypto.kdfparams.n is 16777216, expected an integer from 2 to 8388608"},
      {With(kScrypt, "/crypto/kdfparams/n", 1000),
       "crypto.kdfparams.n is 1000, expected a power of two"},
      {With(kScrypt, "/crypto/kdfparams/n", 0),
       "crypto.kdfparams.n is 0, expected an integer from 2 to 8388608"},
      {With(kScrypt, "/crypto/kdfparams/n", -2),
       "crypto.kdfparams.n is -2, expected an integer from 2 to 8388608"},
      {With(kScrypt, "/crypto/kdfparams/n", 4096.0),
       "crypto.kdfparams.n is 4096.0, expected an integer from 2 to 8388608"},
      {With(kScrypt, "/crypto/kdfparams/r", 0),
       "crypto.kdfparams.r is 0, expected an integer from 1 to 1024"},
      {With(With(kScrypt, "/crypto/kdfparams/r", 1024), "/crypto/kdfparams/n", 16384),
       "crypto.kdfparams.n is 16384, expected an integer from 2 to 8192"},
      {With(kScrypt, "/crypto/kdfparams/p", 17),
       "crypto.kdfparams.p is 17, expected an integer from 1 to 16"},
      {With(kPbkdf2, "/crypto/kdfparams/c", 10000001),
       "crypto.kdfparams.c is 10000001, expected an integer from 1 to 10000000"},
      {With(kPbkdf2, "/crypto/kdfparams/c", 0),
       "crypto.kdfparams.c is 0, expected an integer from 1 to 10000000"},
  };
  for (const auto& [json, message] : cases) {
    EXPECT_EQ(DecryptKeystore(json, kPassword).status().message(), "keystore field " + message);
  }
}

}  // namespace
}  // namespace kaisar
