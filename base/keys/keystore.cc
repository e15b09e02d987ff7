#include "base/keys/keystore.h"

#include <cryptopp/scrypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/hex.h"
#include "base/keccak256.h"
#include "base/keys/keystore_json.h"
#include "base/status_macros.h"

namespace kaisar {
namespace {

/// 32 bytes that are wiped at the end of the scope.
struct Wiped {
  ~Wiped() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  Digest bytes{};
};

// Crypto++ here, because OpenSSL holds N below 2^(16·r), as RFC 7914 has it, and the format's own
// test vector (N = 2^18, r = 1) does not.
absl::Status DeriveScrypt(const ScryptCost& cost, const Bytes& salt, const std::string& password,
                          Digest& key) {
  try {
    CryptoPP::Scrypt().DeriveKey(key.data(), key.size(), ViewOf(password).data(), password.size(),
                                 salt.data(), salt.size(), cost.n, cost.r, cost.p);
  } catch (const std::exception& error) {  // no memory, above all
    return absl::InternalError(absl::StrCat("scrypt failed: ", error.what()));
  }
  return absl::OkStatus();
}

absl::Status DerivePbkdf2(const Pbkdf2Cost& cost, const Bytes& salt, const std::string& password,
                          Digest& key) {
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(),
                        static_cast<int>(salt.size()), static_cast<int>(cost.rounds), EVP_sha256(),
                        static_cast<int>(key.size()), key.data()) != 1) {
    return absl::InternalError("PBKDF2 failed");
  }
  return absl::OkStatus();
}

absl::Status Derive(const KeystoreJson& keystore, const std::string& password, Digest& key) {
  if (const auto* scrypt = std::get_if<ScryptCost>(&keystore.cost)) {
    return DeriveScrypt(*scrypt, keystore.salt, password, key);
  }
  return DerivePbkdf2(std::get<Pbkdf2Cost>(keystore.cost), keystore.salt, password, key);
}

/// AES-128-CTR under the first half of the derived key; the same in both directions.
Digest Encipher(const Digest& derived, const std::array<std::uint8_t, 16>& iv, const Digest& text) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  Digest out;
  int written = 0;
  KAISAR_CHECK(context != nullptr);
  KAISAR_CHECK(EVP_EncryptInit_ex2(context.get(), EVP_aes_128_ctr(), derived.data(), iv.data(),
                                   nullptr) == 1);
  KAISAR_CHECK(EVP_EncryptUpdate(context.get(), out.data(), &written, text.data(),
                                 static_cast<int>(text.size())) == 1);
  KAISAR_CHECK(static_cast<std::size_t>(written) == out.size());
  return out;
}

Digest MacOf(const Digest& derived, const Digest& ciphertext) {
  Bytes message;
  message.reserve(48);  // grown, it would leave a copy of the key behind
  Append(message, ByteView(derived).subspan(16, 16));
  Append(message, ciphertext);
  const Digest mac = Keccak256(message);
  OPENSSL_cleanse(message.data(), message.size());
  return mac;
}

absl::Status Decrypt(const KeystoreJson& keystore, const std::string& password, Digest& secret) {
  Wiped derived;
  RETURN_IF_ERROR(Derive(keystore, password, derived.bytes));
  const Digest mac = MacOf(derived.bytes, keystore.ciphertext);
  if (CRYPTO_memcmp(mac.data(), keystore.mac.data(), mac.size()) != 0) {
    return absl::UnauthenticatedError("keystore does not open with this password");
  }
  secret = Encipher(derived.bytes, keystore.iv, keystore.ciphertext);
  return absl::OkStatus();
}

/// A random UUID (RFC 4122, version 4).
absl::StatusOr<std::string> MakeUuid(Entropy& entropy) {
  std::array<std::uint8_t, 16> bytes;
  RETURN_IF_ERROR(entropy.Fill(absl::MakeSpan(bytes)));
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = ToHex(bytes);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20));
}

absl::StatusOr<std::string> Encrypt(const Digest& secret, const std::optional<Address>& address,
                                    const std::string& password, KeystoreStrength strength,
                                    Entropy& entropy) {
  KeystoreJson keystore;
  keystore.address = address;
  const std::uint64_t n = strength == KeystoreStrength::kStandard ? 1 << 18 : 1 << 12;
  keystore.cost = ScryptCost{n, 8, 1};
  keystore.salt.resize(32);
  RETURN_IF_ERROR(entropy.Fill(absl::MakeSpan(keystore.salt)));
  RETURN_IF_ERROR(entropy.Fill(absl::MakeSpan(keystore.iv)));
  ASSIGN_OR_RETURN(keystore.id, MakeUuid(entropy));
  Wiped derived;
  RETURN_IF_ERROR(Derive(keystore, password, derived.bytes));
  keystore.ciphertext = Encipher(derived.bytes, keystore.iv, secret);
  keystore.mac = MacOf(derived.bytes, keystore.ciphertext);
  return SerializeKeystoreJson(keystore);
}

}  // namespace

absl::StatusOr<SigningKey> DecryptKeystore(const std::string& json, const std::string& password) {
  ASSIGN_OR_RETURN(const KeystoreJson keystore, ParseKeystoreJson(json));
  Wiped secret;
  RETURN_IF_ERROR(Decrypt(keystore, password, secret.bytes));
  ASSIGN_OR_RETURN(SigningKey key, SigningKey::Parse(secret.bytes));
  if (keystore.address.has_value() && *keystore.address != key.address()) {
    return absl::InvalidArgumentError(absl::StrCat("keystore field address is ",
                                                   ToHex(*keystore.address), ", but its key has ",
                                                   ToHex(key.address())));
  }
  return key;
}

absl::StatusOr<std::string> EncryptKeystore(const SigningKey& key, const std::string& password,
                                            KeystoreStrength strength, Entropy& entropy) {
  return Encrypt(key.secret(), key.address(), password, strength, entropy);
}

absl::StatusOr<std::string> EncryptSecret(const Digest& secret, const std::string& password,
                                          KeystoreStrength strength, Entropy& entropy) {
  return Encrypt(secret, std::nullopt, password, strength, entropy);
}

absl::StatusOr<Digest> DecryptSecret(const std::string& json, const std::string& password) {
  ASSIGN_OR_RETURN(const KeystoreJson keystore, ParseKeystoreJson(json));
  if (keystore.address.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat("keystore holds the key of account ",
                                                   ToHex(*keystore.address),
                                                   ", expected a secret without an address"));
  }
  Wiped secret;
  RETURN_IF_ERROR(Decrypt(keystore, password, secret.bytes));
  return secret.bytes;
}

}  // namespace kaisar
