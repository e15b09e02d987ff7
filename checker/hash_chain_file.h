#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/entropy.h"
#include "base/keys/hash_chain.h"
#include "base/keys/keystore.h"

namespace kaisar::checker {

/// What a hash chain file says without its password.
struct HashChainSummary {
  std::uint32_t length = 0;
  std::uint32_t first_epoch = 0;
  Digest anchor{};
};

/// The file of a slot's hash chain, as JSON:
/// `{"version": 1, "length": L, "first_epoch": E, "anchor": HEX, "root": {…}}`, where `root` is x_0
/// in the container of Web3 Secret Storage. The anchor is there so that a wrong or changed file is
/// noticed, and can be shown without the password.
absl::StatusOr<std::string> SerializeHashChain(const Digest& root, const HashChain& chain,
                                               const std::string& password,
                                               KeystoreStrength strength, Entropy& entropy);

/// Errors: InvalidArgument with the field when the JSON is not such a file.
absl::StatusOr<HashChainSummary> ParseHashChainSummary(const std::string& json);

/// Decrypts the root and makes the chain.
///
/// Errors: as ParseHashChainSummary; Unauthenticated when the password is wrong; DataLoss when the
///         chain does not end at the anchor.
/// Cost:   the key derivation, then L hashes (1 µs each).
absl::StatusOr<HashChain> DecryptHashChain(const std::string& json, const std::string& password);

}  // namespace kaisar::checker
