#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/keys/hash_chain.h"
#include "base/keys/tls_key.h"
#include "base/signing_key.h"
#include "checker/config.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// Everything secret that a slot runs on.
struct SlotKeys {
  SigningKey hot;
  TlsKey tls;
  HashChain chain;
};

/// Reads the key files that a config names; the password is read once and opens both.
///
/// Errors: as ReadSecretFile, ReadPassword, DecryptKeystore, ParseTlsKey and DecryptHashChain, with
///         the file's name.
/// Cost:   two key derivations (about two seconds at standard strength).
absl::StatusOr<SlotKeys> ReadSlotKeys(const Config& config);

/// Reads only the hot key.
absl::StatusOr<SigningKey> ReadHotKey(const Config& config);

/// Reads only the hash chain.
absl::StatusOr<HashChain> ReadHashChain(const Config& config);

/// Checks that keys and roster speak of the same slot: what the slot signs, the TLS key it shows,
/// and the anchor its secrets lead to.
///
/// Errors: FailedPrecondition with both values.
absl::Status CheckKeysMatch(const SlotKeys& keys, const v1::Slot& slot);

}  // namespace kaisar::checker
