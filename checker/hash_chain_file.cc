#include "checker/hash_chain_file.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"

namespace kaisar::checker {
namespace {

using nlohmann::json;

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMostLength = 1 << 20;  // base/keys/hash_chain.h

absl::StatusOr<std::uint32_t> ReadUint(const json& object, const char* key, std::uint64_t least,
                                       std::uint64_t most) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned() ||
      found->get<std::uint64_t>() < least || found->get<std::uint64_t>() > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("hash chain file: ", key, ": expected an integer from ", least, " to ", most));
  }
  return static_cast<std::uint32_t>(found->get<std::uint64_t>());
}

absl::StatusOr<json> ParseObject(const std::string& text) {
  json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return absl::InvalidArgumentError("hash chain file: expected a JSON object");
  }
  return object;
}

absl::StatusOr<HashChainSummary> ReadSummary(const json& object) {
  RETURN_IF_ERROR(ReadUint(object, "version", kVersion, kVersion).status());
  HashChainSummary summary;
  ASSIGN_OR_RETURN(summary.length, ReadUint(object, "length", 1, kMostLength));
  ASSIGN_OR_RETURN(summary.first_epoch, ReadUint(object, "first_epoch", 0, UINT32_MAX));
  const auto anchor = object.find("anchor");
  if (anchor == object.end() || !anchor->is_string()) {
    return absl::InvalidArgumentError("hash chain file: anchor: expected 32 bytes of hex");
  }
  auto bytes = ParseHexArray<32>(anchor->get<std::string>());
  if (!bytes.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("hash chain file: anchor: ", bytes.status().message()));
  }
  summary.anchor = *bytes;
  return summary;
}

}  // namespace

absl::StatusOr<std::string> SerializeHashChain(const Digest& root, const HashChain& chain,
                                               const std::string& password,
                                               KeystoreStrength strength, Entropy& entropy) {
  ASSIGN_OR_RETURN(const std::string container, EncryptSecret(root, password, strength, entropy));
  json secret = json::parse(container, nullptr, /*allow_exceptions=*/false);
  if (!secret.is_object()) return absl::InternalError("the encrypted root is no JSON object");
  const json object = {{"version", kVersion},
                       {"length", chain.length()},
                       {"first_epoch", chain.first_epoch()},
                       {"anchor", ToHex(chain.anchor())},
                       {"root", std::move(secret)}};
  return absl::StrCat(object.dump(2), "\n");
}

absl::StatusOr<HashChainSummary> ParseHashChainSummary(const std::string& text) {
  ASSIGN_OR_RETURN(const json object, ParseObject(text));
  return ReadSummary(object);
}

absl::StatusOr<HashChain> DecryptHashChain(const std::string& text, const std::string& password) {
  ASSIGN_OR_RETURN(const json object, ParseObject(text));
  ASSIGN_OR_RETURN(const HashChainSummary summary, ReadSummary(object));
  const auto container = object.find("root");
  if (container == object.end() || !container->is_object()) {
    return absl::InvalidArgumentError("hash chain file: root: expected an encrypted secret");
  }
  ASSIGN_OR_RETURN(const Digest root, DecryptSecret(container->dump(), password));
  ASSIGN_OR_RETURN(HashChain chain, HashChain::Make(root, summary.length, summary.first_epoch));
  if (chain.anchor() != summary.anchor) {
    return absl::DataLossError(absl::StrCat("hash chain file: a chain of length ", summary.length,
                                            " from this root ends at ", ToHex(chain.anchor()),
                                            ", the file says ", ToHex(summary.anchor)));
  }
  return chain;
}

}  // namespace kaisar::checker
