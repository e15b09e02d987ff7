#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace kaisar {

/// A key pair for the encryption of a few bytes, both PEM.
struct RsaKeyPair {
  std::string private_key_pem;  // PKCS #8
  std::string public_key_pem;   // SubjectPublicKeyInfo
};

/// Makes an RSA-2048 key pair.
///
/// Errors: Internal when OpenSSL fails.
/// Cost:   50 to 300 ms of one core.
absl::StatusOr<RsaKeyPair> MakeRsaKeyPair();

/// Tells whether a PEM public key of foreign origin may be encrypted with: RSA, 2048 to 4096 bits,
/// a public exponent of at most 64 bits.
///
/// Errors: InvalidArgument.
absl::Status ValidateRsaPublicKey(const std::string& pem);

}  // namespace kaisar
