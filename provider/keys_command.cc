#include <sys/stat.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "base/entropy.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/keys/keystore.h"
#include "base/keys/tls_key.h"
#include "base/status_macros.h"
#include "provider/commands.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kMostKeyFileBytes = 64 * 1024;
// The peer pins the key; the name in the certificate is for people.
constexpr char kCommonName[] = "kaisar-provider";

std::string KeystorePath(const std::string& directory) {
  return absl::StrCat(directory, "/keystore.json");
}
std::string TlsPath(const std::string& directory) {
  return absl::StrCat(directory, "/tls.pem");
}
std::string PasswordPath(const KeysOptions& options) {
  return options.password.empty() ? absl::StrCat(options.directory, "/password") : options.password;
}

absl::Status Exists(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(path, " exists, and keys are never overwritten"));
}

absl::StatusOr<std::string> MakePassword(const std::string& path) {
  std::array<std::uint8_t, 24> secret{};
  RETURN_IF_ERROR(OsEntropy().Fill(absl::MakeSpan(secret)));
  std::string password = ToHex(secret);
  RETURN_IF_ERROR(CreateSecretFile(path, absl::StrCat(password, "\n")));
  return password;
}

void Print(const Address& address, const Digest& pin, std::ostream& out) {
  out << "address: \"0x" << ToHex(address) << "\"\n"
      << "tls_pin: \"" << ToHex(pin) << "\"\n";
}

}  // namespace

absl::Status NewKeys(const KeysOptions& options, std::ostream& out) {
  if (::mkdir(options.directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::InvalidArgumentError(
        absl::StrCat("making folder ", options.directory, " failed with errno ", errno));
  }
  // All are looked for before the first is written.
  RETURN_IF_ERROR(Exists(KeystorePath(options.directory)));
  RETURN_IF_ERROR(Exists(TlsPath(options.directory)));
  if (options.password.empty()) RETURN_IF_ERROR(Exists(PasswordPath(options)));

  ASSIGN_OR_RETURN(const std::string password, options.password.empty()
                                                   ? MakePassword(PasswordPath(options))
                                                   : ReadPassword(options.password));
  ASSIGN_OR_RETURN(const SigningKey key, SigningKey::Make(OsEntropy()));
  const KeystoreStrength strength =
      options.light ? KeystoreStrength::kLight : KeystoreStrength::kStandard;
  ASSIGN_OR_RETURN(const std::string json, EncryptKeystore(key, password, strength, OsEntropy()));
  ASSIGN_OR_RETURN(const TlsKey tls_key, MakeTlsKey(kCommonName));
  ASSIGN_OR_RETURN(const Digest pin, TlsPin(tls_key.certificate_pem));
  RETURN_IF_ERROR(CreateSecretFile(KeystorePath(options.directory), json));
  RETURN_IF_ERROR(CreateSecretFile(TlsPath(options.directory),
                                   absl::StrCat(tls_key.private_key_pem, tls_key.certificate_pem)));
  Print(key.address(), pin, out);
  return absl::OkStatus();
}

absl::Status ShowKeys(const KeysOptions& options, std::ostream& out) {
  ASSIGN_OR_RETURN(const std::string json,
                   ReadSecretFile(KeystorePath(options.directory), kMostKeyFileBytes));
  ASSIGN_OR_RETURN(const std::string password, ReadPassword(PasswordPath(options)));
  ASSIGN_OR_RETURN(const SigningKey key, DecryptKeystore(json, password));
  ASSIGN_OR_RETURN(const std::string pem,
                   ReadSecretFile(TlsPath(options.directory), kMostKeyFileBytes));
  ASSIGN_OR_RETURN(const TlsKey tls_key, ParseTlsKey(pem));
  ASSIGN_OR_RETURN(const Digest pin, TlsPin(tls_key.certificate_pem));
  Print(key.address(), pin, out);
  return absl::OkStatus();
}

}  // namespace kaisar::provider
