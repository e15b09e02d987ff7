#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/signing_key.h"

namespace kaisar::provider {

/// Where `keys new` puts the files of a device in a folder. `password` names another password
/// source (a path, or "fd:N") when it is not empty.
std::string KeystorePath(const std::string& directory);
std::string TlsPath(const std::string& directory);
std::string PasswordPath(const std::string& directory, const std::string& password);

/// What a device is registered with.
struct KeyFiles {
  SigningKey key;
  Digest tls_pin{};
};

/// Opens the keys in a folder.
///
/// Errors: those of base/file.h and base/keys/.
absl::StatusOr<KeyFiles> OpenKeyFiles(const std::string& directory, const std::string& password);

/// The address that a keystore says its key has: no password is asked for, nor is it checked.
///
/// Errors: those of base/file.h; InvalidArgument when it is no keystore, or names no address.
absl::StatusOr<Address> ReadKeystoreAddress(const std::string& path);

/// The pin of the TLS key in a PEM file.
absl::StatusOr<Digest> ReadTlsPin(const std::string& path);

}  // namespace kaisar::provider
