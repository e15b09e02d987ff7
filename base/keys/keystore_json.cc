#include "base/keys/keystore_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"

namespace kaisar {
namespace {

using nlohmann::json;

constexpr std::size_t kMostFileBytes = 65536;
constexpr std::size_t kMostSaltBytes = 256;
constexpr std::uint64_t kMostScryptBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kMostScryptP = 16;
constexpr std::uint64_t kMostPbkdf2Rounds = 10'000'000;
constexpr std::uint64_t kKeyBytes = 32;

absl::Status Unexpected(absl::string_view field, absl::string_view is, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("keystore field ", field, " is ", is, ", expected ", expected));
}

/// Finds crypto.kdfparams.n by its path; null when any part is missing.
const json* Find(const json& root, const std::string& field) {
  const json* node = &root;
  std::size_t begin = 0;
  while (begin <= field.size()) {
    const std::size_t end = std::min(field.find('.', begin), field.size());
    const auto child = node->find(field.substr(begin, end - begin));
    if (child == node->end()) return nullptr;
    node = &*child;
    begin = end + 1;
  }
  return node;
}

/// The value as it stands, cut short: nothing in the file but the ciphertext is near to a secret.
std::string Shown(const json& value) {
  const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= 80 ? text : absl::StrCat(text.substr(0, 80), "…");
}

absl::StatusOr<std::uint64_t> UintAt(const json& root, const std::string& field,
                                     std::uint64_t least, std::uint64_t most) {
  const std::string expected =
      least == most ? absl::StrCat(least) : absl::StrCat("an integer from ", least, " to ", most);
  const json* value = Find(root, field);
  if (value == nullptr) return Unexpected(field, "missing", expected);
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() < least ||
      value->get<std::uint64_t>() > most) {
    return Unexpected(field, Shown(*value), expected);
  }
  return value->get<std::uint64_t>();
}

absl::StatusOr<std::string> TextAt(const json& root, const std::string& field,
                                   absl::string_view expected) {
  const json* value = Find(root, field);
  if (value == nullptr) return Unexpected(field, "missing", expected);
  if (!value->is_string()) return Unexpected(field, Shown(*value), expected);
  return value->get<std::string>();
}

absl::Status ValidateText(const json& root, const std::string& field, absl::string_view expected) {
  ASSIGN_OR_RETURN(const std::string text, TextAt(root, field, expected));
  if (text == expected) return absl::OkStatus();
  return Unexpected(field, Shown(json(text)), expected);
}

template <std::size_t N>
absl::StatusOr<std::array<std::uint8_t, N>> HexAt(const json& root, const std::string& field) {
  const std::string expected = absl::StrCat(N, " bytes in hex");
  ASSIGN_OR_RETURN(const std::string text, TextAt(root, field, expected));
  absl::StatusOr<std::array<std::uint8_t, N>> bytes = ParseHexArray<N>(text);
  if (!bytes.ok()) return Unexpected(field, Shown(json(text)), expected);
  return bytes;
}

absl::StatusOr<Bytes> SaltAt(const json& root, const std::string& field) {
  const std::string expected = absl::StrCat("at most ", kMostSaltBytes, " bytes in hex");
  ASSIGN_OR_RETURN(const std::string text, TextAt(root, field, expected));
  absl::StatusOr<Bytes> salt = ParseHex(text);
  if (!salt.ok() || salt->size() > kMostSaltBytes) {
    return Unexpected(field, Shown(json(text)), expected);
  }
  return salt;
}

absl::StatusOr<ScryptCost> ScryptCostAt(const json& root, const std::string& params) {
  ScryptCost cost;
  ASSIGN_OR_RETURN(cost.p, UintAt(root, params + ".p", 1, kMostScryptP));
  ASSIGN_OR_RETURN(cost.r, UintAt(root, params + ".r", 1, 1024));
  // scrypt holds N + p blocks of 128·r bytes.
  const std::uint64_t most_n = kMostScryptBytes / (128 * cost.r);
  ASSIGN_OR_RETURN(cost.n, UintAt(root, params + ".n", 2, most_n));
  if ((cost.n & (cost.n - 1)) == 0) return cost;
  return Unexpected(params + ".n", absl::StrCat(cost.n), "a power of two");
}

absl::StatusOr<std::variant<ScryptCost, Pbkdf2Cost>> CostAt(const json& root,
                                                            const std::string& crypto) {
  const std::string params = crypto + ".kdfparams";
  ASSIGN_OR_RETURN(const std::string kdf, TextAt(root, crypto + ".kdf", "scrypt or pbkdf2"));
  RETURN_IF_ERROR(UintAt(root, params + ".dklen", kKeyBytes, kKeyBytes).status());
  if (kdf == "scrypt") return ScryptCostAt(root, params);
  if (kdf != "pbkdf2") {
    return Unexpected(crypto + ".kdf", Shown(json(kdf)), "scrypt or pbkdf2");
  }
  RETURN_IF_ERROR(ValidateText(root, params + ".prf", "hmac-sha256"));
  ASSIGN_OR_RETURN(const std::uint64_t rounds, UintAt(root, params + ".c", 1, kMostPbkdf2Rounds));
  return Pbkdf2Cost{rounds};
}

}  // namespace

absl::StatusOr<KeystoreJson> ParseKeystoreJson(const std::string& text) {
  if (text.size() > kMostFileBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("keystore is ", text.size(), " bytes, limit ", kMostFileBytes));
  }
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return absl::InvalidArgumentError("keystore is not a JSON object");
  RETURN_IF_ERROR(UintAt(root, "version", 3, 3).status());
  // Some wallets write it with a capital.
  const std::string crypto = root.contains("Crypto") ? "Crypto" : "crypto";
  KeystoreJson keystore;
  RETURN_IF_ERROR(ValidateText(root, crypto + ".cipher", "aes-128-ctr"));
  ASSIGN_OR_RETURN(keystore.iv, HexAt<16>(root, crypto + ".cipherparams.iv"));
  ASSIGN_OR_RETURN(keystore.ciphertext, HexAt<32>(root, crypto + ".ciphertext"));
  ASSIGN_OR_RETURN(keystore.mac, HexAt<32>(root, crypto + ".mac"));
  ASSIGN_OR_RETURN(keystore.cost, CostAt(root, crypto));
  ASSIGN_OR_RETURN(keystore.salt, SaltAt(root, crypto + ".kdfparams.salt"));
  if (root.contains("address")) {
    ASSIGN_OR_RETURN(keystore.address, HexAt<20>(root, "address"));
  }
  if (root.contains("id")) {
    ASSIGN_OR_RETURN(keystore.id, TextAt(root, "id", "a UUID"));
  }
  return keystore;
}

std::string SerializeKeystoreJson(const KeystoreJson& keystore) {
  // Whole objects are moved in: a reference into ordered_json does not outlive the next insertion.
  nlohmann::ordered_json params = {{"dklen", kKeyBytes}};
  const auto* scrypt = std::get_if<ScryptCost>(&keystore.cost);
  if (scrypt != nullptr) {
    params["n"] = scrypt->n;
    params["r"] = scrypt->r;
    params["p"] = scrypt->p;
  } else {
    params["c"] = std::get<Pbkdf2Cost>(keystore.cost).rounds;
    params["prf"] = "hmac-sha256";
  }
  params["salt"] = ToHex(keystore.salt);
  nlohmann::ordered_json crypto;
  crypto["cipher"] = "aes-128-ctr";
  crypto["cipherparams"]["iv"] = ToHex(keystore.iv);
  crypto["ciphertext"] = ToHex(keystore.ciphertext);
  crypto["kdf"] = scrypt != nullptr ? "scrypt" : "pbkdf2";
  crypto["kdfparams"] = std::move(params);
  crypto["mac"] = ToHex(keystore.mac);
  nlohmann::ordered_json root;
  if (keystore.address.has_value()) root["address"] = ToHex(*keystore.address);
  root["crypto"] = std::move(crypto);
  if (!keystore.id.empty()) root["id"] = keystore.id;
  root["version"] = 3;
  return root.dump(2, ' ', true, json::error_handler_t::replace) + "\n";
}

}  // namespace kaisar
