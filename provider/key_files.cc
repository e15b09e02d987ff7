#include "provider/key_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/keys/keystore.h"
#include "base/keys/keystore_json.h"
#include "base/keys/tls_key.h"
#include "base/status_macros.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kMostKeyFileBytes = 64 * 1024;

}  // namespace

std::string KeystorePath(const std::string& directory) {
  return absl::StrCat(directory, "/keystore.json");
}

std::string TlsPath(const std::string& directory) {
  return absl::StrCat(directory, "/tls.pem");
}

std::string PasswordPath(const std::string& directory, const std::string& password) {
  return password.empty() ? absl::StrCat(directory, "/password") : password;
}

absl::StatusOr<KeyFiles> OpenKeyFiles(const std::string& directory, const std::string& password) {
  ASSIGN_OR_RETURN(const std::string json,
                   ReadSecretFile(KeystorePath(directory), kMostKeyFileBytes));
  ASSIGN_OR_RETURN(const std::string secret, ReadPassword(PasswordPath(directory, password)));
  ASSIGN_OR_RETURN(SigningKey key, DecryptKeystore(json, secret));
  ASSIGN_OR_RETURN(const Digest pin, ReadTlsPin(TlsPath(directory)));
  return KeyFiles{std::move(key), pin};
}

absl::StatusOr<Address> ReadKeystoreAddress(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string json, ReadFile(path, kMostKeyFileBytes));
  ASSIGN_OR_RETURN(const KeystoreJson keystore, ParseKeystoreJson(json));
  if (keystore.address.has_value()) return *keystore.address;
  return absl::InvalidArgumentError(absl::StrCat(path, " names no address"));
}

absl::StatusOr<Digest> ReadTlsPin(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string pem, ReadSecretFile(path, kMostKeyFileBytes));
  ASSIGN_OR_RETURN(const TlsKey key, ParseTlsKey(pem));
  return TlsPin(key.certificate_pem);
}

}  // namespace kaisar::provider
