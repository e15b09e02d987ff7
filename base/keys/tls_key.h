#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace kaisar {

/// A private key and its self-signed certificate, both PEM. There is no authority: the other side
/// pins the key.
struct TlsKey {
  std::string private_key_pem;
  std::string certificate_pem;
};

/// Makes a P-256 key with a certificate for 100 years, CN = `common_name`.
absl::StatusOr<TlsKey> MakeTlsKey(const std::string& common_name);

/// Splits a PEM file that holds a private key and a certificate.
///
/// Errors: InvalidArgument when one is missing or they do not belong together.
absl::StatusOr<TlsKey> ParseTlsKey(const std::string& pem);

/// SHA-256 of the DER SubjectPublicKeyInfo of a PEM certificate: the pin of section 1.
///
/// Errors: InvalidArgument when it is no certificate.
absl::StatusOr<Digest> TlsPin(const std::string& certificate_pem);

}  // namespace kaisar
