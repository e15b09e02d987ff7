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
#include "provider/key_files.h"

namespace kaisar::provider {
namespace {

// The peer pins the key; the name in the certificate is for people.
constexpr char kCommonName[] = "kaisar-provider";

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
  const std::string password_path = PasswordPath(options.directory, options.password);
  if (options.password.empty()) RETURN_IF_ERROR(Exists(password_path));

  ASSIGN_OR_RETURN(const std::string password, options.password.empty()
                                                   ? MakePassword(password_path)
                                                   : ReadPassword(password_path));
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
  ASSIGN_OR_RETURN(const KeyFiles keys, OpenKeyFiles(options.directory, options.password));
  Print(keys.key.address(), keys.tls_pin, out);
  return absl::OkStatus();
}

}  // namespace kaisar::provider
