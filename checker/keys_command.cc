#include "checker/keys_command.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/keys/keystore.h"
#include "base/keys/tls_key.h"
#include "base/status_macros.h"
#include "checker/hash_chain_file.h"
#include "checker/password_prompt.h"

namespace kaisar::checker {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostKeyFileBytes = 1 << 16;

struct KeyFiles {
  std::string keystore;
  std::string tls;
  std::string hash_chain;
};

KeyFiles FilesIn(const std::string& directory) {
  const fs::path folder(directory);
  return {folder / "keystore.json", folder / "tls.pem", folder / "hash_chain.json"};
}

absl::Status PrepareDirectory(const std::string& directory) {
  std::error_code error;
  if (fs::create_directories(directory, error)) {
    fs::permissions(directory, fs::perms::owner_all, error);
  }
  if (error) {
    return absl::InternalError(absl::StrCat("make ", directory, ": ", error.message()));
  }
  const KeyFiles files = FilesIn(directory);
  for (const std::string& file : {files.keystore, files.tls, files.hash_chain}) {
    if (fs::exists(fs::symlink_status(file, error))) {
      return absl::AlreadyExistsError(absl::StrCat(file, " is there already; nothing was written"));
    }
  }
  return absl::OkStatus();
}

absl::Status PrintEntry(std::uint32_t slot, const Address& address, const std::string& certificate,
                        const HashChainSummary& chain, std::ostream& out) {
  ASSIGN_OR_RETURN(const Digest pin, TlsPin(certificate));
  out << "# An entry for the roster's slots.\n"
      << "- id: " << slot << "\n"
      << "  address: \"0x" << ToHex(address) << "\"\n"
      << "  tls_pin: \"" << ToHex(pin) << "\"\n"
      << "  anchor: \"" << ToHex(chain.anchor) << "\"\n"
      << "  anchor_epoch: " << chain.first_epoch << "\n";
  return absl::OkStatus();
}

absl::Status WriteKeys(const KeysOptions& options, const SigningKey& hot,
                       const std::string& password, Entropy& entropy, std::ostream& out) {
  const KeystoreStrength strength =
      options.light ? KeystoreStrength::kLight : KeystoreStrength::kStandard;
  Digest root;
  RETURN_IF_ERROR(entropy.Fill(absl::MakeSpan(root)));
  ASSIGN_OR_RETURN(const HashChain chain,
                   HashChain::Make(root, options.chain_length, options.first_epoch));
  ASSIGN_OR_RETURN(const std::string keystore, EncryptKeystore(hot, password, strength, entropy));
  ASSIGN_OR_RETURN(const std::string chain_json,
                   SerializeHashChain(root, chain, password, strength, entropy));
  ASSIGN_OR_RETURN(const TlsKey tls, MakeTlsKey("kaisar-checker"));
  const KeyFiles files = FilesIn(options.directory);
  RETURN_IF_ERROR(CreateSecretFile(files.keystore, keystore));
  RETURN_IF_ERROR(
      CreateSecretFile(files.tls, absl::StrCat(tls.private_key_pem, tls.certificate_pem)));
  RETURN_IF_ERROR(CreateSecretFile(files.hash_chain, chain_json));
  return PrintEntry(options.slot, hot.address(), tls.certificate_pem,
                    {chain.length(), chain.first_epoch(), chain.anchor()}, out);
}

absl::StatusOr<SigningKey> ImportedKey(const KeysOptions& options) {
  if (options.keystore.empty() == options.private_key.empty()) {
    return absl::InvalidArgumentError("import one of --keystore and --private-key");
  }
  if (!options.private_key.empty()) {
    ASSIGN_OR_RETURN(const std::string text,
                     ReadSecretFile(options.private_key, kMostKeyFileBytes));
    auto secret = ParseHexArray<32>(absl::StripAsciiWhitespace(text));
    if (!secret.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(options.private_key, ": ", secret.status().message()));
    }
    return SigningKey::Parse(*secret);
  }
  ASSIGN_OR_RETURN(const std::string json, ReadFile(options.keystore, kMostKeyFileBytes));
  ASSIGN_OR_RETURN(const std::string password,
                   PasswordFrom(options.keystore_password,
                                absl::StrCat("Password of ", options.keystore), /*twice=*/false));
  return DecryptKeystore(json, password);
}

absl::StatusOr<Address> ClaimedAddress(const std::string& path, const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto wrong = [&] {
    return absl::InvalidArgumentError(absl::StrCat(path, ": address: expected 20 bytes of hex"));
  };
  if (!json.is_object() || !json.contains("address") || !json["address"].is_string()) {
    return wrong();
  }
  const auto address = ParseHexArray<20>(json["address"].get<std::string>());
  if (!address.ok()) return wrong();
  return *address;
}

}  // namespace

absl::Status MakeKeys(const KeysOptions& options, Entropy& entropy, std::ostream& out) {
  RETURN_IF_ERROR(PrepareDirectory(options.directory));
  ASSIGN_OR_RETURN(const std::string password,
                   PasswordFrom(options.password, "New password", /*twice=*/true));
  ASSIGN_OR_RETURN(const SigningKey hot, SigningKey::Make(entropy));
  return WriteKeys(options, hot, password, entropy, out);
}

absl::Status ImportKeys(const KeysOptions& options, Entropy& entropy, std::ostream& out) {
  RETURN_IF_ERROR(PrepareDirectory(options.directory));
  ASSIGN_OR_RETURN(const SigningKey hot, ImportedKey(options));
  ASSIGN_OR_RETURN(const std::string password,
                   PasswordFrom(options.password, "New password", /*twice=*/true));
  return WriteKeys(options, hot, password, entropy, out);
}

absl::Status ShowKeys(const KeysOptions& options, std::ostream& out) {
  const KeyFiles files = FilesIn(options.directory);
  ASSIGN_OR_RETURN(const std::string keystore, ReadSecretFile(files.keystore, kMostKeyFileBytes));
  ASSIGN_OR_RETURN(const std::string pem, ReadSecretFile(files.tls, kMostKeyFileBytes));
  ASSIGN_OR_RETURN(const std::string chain_json,
                   ReadSecretFile(files.hash_chain, kMostKeyFileBytes));
  ASSIGN_OR_RETURN(const TlsKey tls, ParseTlsKey(pem));
  ASSIGN_OR_RETURN(const HashChainSummary chain, ParseHashChainSummary(chain_json));
  std::optional<Address> address;
  if (options.password.empty()) {
    ASSIGN_OR_RETURN(address, ClaimedAddress(files.keystore, keystore));
  } else {
    ASSIGN_OR_RETURN(const std::string password, ReadPassword(options.password));
    ASSIGN_OR_RETURN(const SigningKey hot, DecryptKeystore(keystore, password));
    RETURN_IF_ERROR(DecryptHashChain(chain_json, password).status());
    address = hot.address();
  }
  return PrintEntry(options.slot, *address, tls.certificate_pem, chain, out);
}

}  // namespace kaisar::checker
