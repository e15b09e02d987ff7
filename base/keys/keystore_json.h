#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace kaisar {

struct ScryptCost {
  std::uint64_t n = 0;  // a power of two
  std::uint64_t r = 0;
  std::uint64_t p = 0;
};

struct Pbkdf2Cost {
  std::uint64_t rounds = 0;
};

/// What a Web3 Secret Storage version 3 file says, without any cryptography.
struct KeystoreJson {
  std::variant<ScryptCost, Pbkdf2Cost> cost;
  Bytes salt;
  std::array<std::uint8_t, 16> iv{};  // of AES-128-CTR
  Digest ciphertext{};
  Digest mac{};
  std::optional<Address> address;
  std::string id;  // a UUID; empty when the file has none
};

/// Reads such a file. Fields that the format does not know are skipped, as wallets write their own.
///
/// Errors: InvalidArgument with the field, what it is and what was expected, the limits on the cost
///         included (scrypt: 1 GiB and p at most 16; PBKDF2: 10^7 rounds).
absl::StatusOr<KeystoreJson> ParseKeystoreJson(const std::string& json);

std::string SerializeKeystoreJson(const KeystoreJson& keystore);

}  // namespace kaisar
