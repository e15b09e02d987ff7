#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/entropy.h"
#include "base/signing_key.h"

namespace kaisar {

/// How hard a keystore's password is to try.
enum class KeystoreStrength {
  kStandard,  // scrypt N = 2^18, 1.7 s and 256 MiB
  kLight,     // scrypt N = 2^12, for tests and development networks
};

/// Decrypts a Web3 Secret Storage version 3 keystore (scrypt or PBKDF2, AES-128-CTR).
///
/// Errors: InvalidArgument with the field when the JSON is not such a keystore, asks for more than
/// the
///         limits (scrypt: 1 GiB, p at most 16; PBKDF2: 10^7 rounds), or names an address that is
///         not its key's; Unauthenticated when the password is wrong.
absl::StatusOr<SigningKey> DecryptKeystore(const std::string& json, const std::string& password);

/// Encrypts a key as such a keystore, with scrypt.
absl::StatusOr<std::string> EncryptKeystore(const SigningKey& key, const std::string& password,
                                            KeystoreStrength strength, Entropy& entropy);

/// Encrypts any bytes in the same container; `address` is left out then. For the hash chain's root.
/// DecryptSecret refuses (InvalidArgument) a keystore with an address: that is an account's key.
absl::StatusOr<std::string> EncryptSecret(const Digest& secret, const std::string& password,
                                          KeystoreStrength strength, Entropy& entropy);
absl::StatusOr<Digest> DecryptSecret(const std::string& json, const std::string& password);

}  // namespace kaisar
