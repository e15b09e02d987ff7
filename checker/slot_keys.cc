#include "checker/slot_keys.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/keys/keystore.h"
#include "base/status_macros.h"
#include "checker/hash_chain_file.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMostKeyFileBytes = 1 << 16;

absl::Status In(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

absl::StatusOr<HashChain> OpenHashChain(const std::string& path, const std::string& password) {
  ASSIGN_OR_RETURN(const std::string json, ReadSecretFile(path, kMostKeyFileBytes));
  absl::StatusOr<HashChain> chain = DecryptHashChain(json, password);
  if (!chain.ok()) return In(path, chain.status());
  return chain;
}

absl::StatusOr<SigningKey> OpenKeystore(const std::string& path, const std::string& password) {
  ASSIGN_OR_RETURN(const std::string json, ReadSecretFile(path, kMostKeyFileBytes));
  absl::StatusOr<SigningKey> key = DecryptKeystore(json, password);
  if (!key.ok()) return In(path, key.status());
  return key;
}

absl::Status Differ(absl::string_view what, const std::string& ours, const std::string& roster) {
  if (ours == roster) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the roster's ", what, " for this slot is ",
                                                    ToHex(ViewOf(roster)), ", the key files give ",
                                                    ToHex(ViewOf(ours))));
}

}  // namespace

absl::StatusOr<SigningKey> ReadHotKey(const Config& config) {
  ASSIGN_OR_RETURN(const std::string password, ReadPassword(config.password));
  return OpenKeystore(config.keystore, password);
}

absl::StatusOr<SlotKeys> ReadSlotKeys(const Config& config) {
  ASSIGN_OR_RETURN(const std::string tls_pem, ReadSecretFile(config.tls_key, kMostKeyFileBytes));
  absl::StatusOr<TlsKey> tls = ParseTlsKey(tls_pem);
  if (!tls.ok()) return In(config.tls_key, tls.status());
  ASSIGN_OR_RETURN(const std::string password, ReadPassword(config.password));
  ASSIGN_OR_RETURN(SigningKey hot, OpenKeystore(config.keystore, password));
  ASSIGN_OR_RETURN(HashChain chain, OpenHashChain(config.hash_chain, password));
  return SlotKeys{std::move(hot), *std::move(tls), std::move(chain)};
}

absl::StatusOr<HashChain> ReadHashChain(const Config& config) {
  ASSIGN_OR_RETURN(const std::string password, ReadPassword(config.password));
  return OpenHashChain(config.hash_chain, password);
}

absl::Status CheckKeysMatch(const SlotKeys& keys, const v1::Slot& slot) {
  ASSIGN_OR_RETURN(const Digest pin, TlsPin(keys.tls.certificate_pem));
  RETURN_IF_ERROR(Differ("address", ToString(keys.hot.address()), slot.key()));
  RETURN_IF_ERROR(Differ("tls_pin", ToString(pin), slot.tls_pin()));
  RETURN_IF_ERROR(Differ("anchor", ToString(keys.chain.anchor()), slot.anchor()));
  if (keys.chain.first_epoch() != slot.anchor_epoch()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the roster's anchor_epoch for this slot is ", slot.anchor_epoch(),
                     ", the hash chain begins with epoch ", keys.chain.first_epoch()));
  }
  return absl::OkStatus();
}

}  // namespace kaisar::checker
