#include "reporter/signature_interchange.h"

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "base/status_macros.h"

namespace kaisar::reporter {
namespace {

using Json = nlohmann::ordered_json;
using Place = std::tuple<std::uint64_t, Address, std::uint32_t>;  // chain, contract, slot

constexpr char kFormat[] = "kaisar-signatures";
constexpr char kVersion[] = "1";

absl::Status Expected(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("signatures: ", path, ": expected ", what));
}

/// An object with exactly these keys.
absl::Status CheckKeys(const Json& json, const std::string& path,
                       const std::vector<std::string>& keys) {
  if (!json.is_object()) return Expected(path, "an object");
  for (const std::string& key : keys) {
    if (!json.contains(key)) return Expected(absl::StrCat(path, ".", key), "a value");
  }
  for (const auto& [key, value] : json.items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      return Expected(absl::StrCat(path, ".", key), "no such key");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Text(const Json& json, const std::string& path) {
  const std::string* text = json.get_ptr<const std::string*>();
  if (text == nullptr) return Expected(path, "a string");
  return *text;
}

absl::StatusOr<std::uint64_t> Number(const Json& json, const std::string& path,
                                     std::uint64_t most) {
  ASSIGN_OR_RETURN(const std::string text, Text(json, path));
  std::uint64_t value = 0;
  if (!absl::SimpleAtoi(text, &value) || value > most || absl::StrCat(value) != text) {
    return Expected(path, absl::StrCat("a decimal string from 0 to ", most));
  }
  return value;
}

template <std::size_t N>
absl::StatusOr<std::array<std::uint8_t, N>> Hex(const Json& json, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, Text(json, path));
  const auto bytes = ParseHexArray<N>(text);
  if (!bytes.ok() || text.rfind("0x", 0) != 0) {
    return Expected(path, absl::StrCat("0x and ", 2 * N, " hex digits"));
  }
  return *bytes;
}

/// One slot's history; `rows` are by epoch.
absl::Status ReadSlot(const Json& json, const std::string& path,
                      std::map<Place, std::map<std::uint32_t, Digest>>& rows) {
  constexpr std::uint64_t kMost32 = std::numeric_limits<std::uint32_t>::max();
  RETURN_IF_ERROR(CheckKeys(json, path, {"chain_id", "contract", "slot", "signed_reports"}));
  ASSIGN_OR_RETURN(const std::uint64_t chain,
                   Number(json["chain_id"], absl::StrCat(path, ".chain_id"),
                          std::numeric_limits<std::uint64_t>::max()));
  ASSIGN_OR_RETURN(const Address contract,
                   Hex<20>(json["contract"], absl::StrCat(path, ".contract")));
  ASSIGN_OR_RETURN(const std::uint64_t slot,
                   Number(json["slot"], absl::StrCat(path, ".slot"), kMost32));
  const Json& reports = json["signed_reports"];
  if (!reports.is_array()) return Expected(absl::StrCat(path, ".signed_reports"), "an array");
  auto& epochs = rows[{chain, contract, static_cast<std::uint32_t>(slot)}];
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const std::string name = absl::StrCat(path, ".signed_reports[", i, "]");
    RETURN_IF_ERROR(CheckKeys(reports[i], name, {"epoch", "digest"}));
    ASSIGN_OR_RETURN(const std::uint64_t epoch,
                     Number(reports[i]["epoch"], absl::StrCat(name, ".epoch"), kMost32));
    ASSIGN_OR_RETURN(const Digest digest,
                     Hex<32>(reports[i]["digest"], absl::StrCat(name, ".digest")));
    const auto [known, added] = epochs.try_emplace(static_cast<std::uint32_t>(epoch), digest);
    if (!added && known->second != digest) {
      return Expected(absl::StrCat(name, ".digest"),
                      absl::StrCat(ToPrefixedHex(known->second), ", as before for this epoch"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string SerializeSignatures(const std::vector<SignedEpoch>& rows) {
  std::map<Place, std::map<std::uint32_t, Digest>> slots;
  for (const SignedEpoch& row : rows) {
    slots[{row.chain_id, row.contract, row.slot}][row.epoch] = row.digest;
  }
  Json entries = Json::array();
  for (const auto& [place, epochs] : slots) {
    Json reports = Json::array();
    for (const auto& [epoch, digest] : epochs) {
      reports.push_back({{"epoch", absl::StrCat(epoch)}, {"digest", ToPrefixedHex(digest)}});
    }
    const auto& [chain, contract, slot] = place;
    entries.push_back({{"chain_id", absl::StrCat(chain)},
                       {"contract", ToPrefixedHex(contract)},
                       {"slot", absl::StrCat(slot)},
                       {"signed_reports", std::move(reports)}});
  }
  const Json json = {{"metadata", {{"format", kFormat}, {"version", kVersion}}},
                     {"data", std::move(entries)}};
  return json.dump(2) + "\n";
}

absl::StatusOr<std::vector<SignedEpoch>> ParseSignatures(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("signatures: not JSON");
  RETURN_IF_ERROR(CheckKeys(json, "file", {"metadata", "data"}));
  RETURN_IF_ERROR(CheckKeys(json["metadata"], "metadata", {"format", "version"}));
  if (json["metadata"]["format"] != kFormat || json["metadata"]["version"] != kVersion) {
    return Expected("metadata", absl::StrCat("format ", kFormat, ", version ", kVersion));
  }
  if (!json["data"].is_array()) return Expected("data", "an array");
  std::map<Place, std::map<std::uint32_t, Digest>> slots;
  for (std::size_t i = 0; i < json["data"].size(); ++i) {
    RETURN_IF_ERROR(ReadSlot(json["data"][i], absl::StrCat("data[", i, "]"), slots));
  }
  std::vector<SignedEpoch> rows;
  for (const auto& [place, epochs] : slots) {
    const auto& [chain, contract, slot] = place;
    for (const auto& [epoch, digest] : epochs) {
      rows.push_back({chain, contract, slot, epoch, digest, true});
    }
  }
  return rows;
}

}  // namespace kaisar::reporter
