#include "chain/revert_reason.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/check.h"
#include "base/hex.h"
#include "base/printable.h"
#include "chain/abi.h"
#include "chain/contract_errors.h"

namespace kaisar::chain {
namespace {

constexpr std::size_t kSelectorBytes = 4;
constexpr std::size_t kMostHexBytes = 100;
constexpr std::size_t kMostTextBytes = 300;
constexpr char kNoReason[] = "no reason given";

struct Parameter {
  std::string type;
  std::string name;
};

struct KnownError {
  std::string name;
  std::vector<Parameter> parameters;
};

/// The ABI's type: an enum is a uint8 in it.
std::string AbiType(absl::string_view solidity_type) {
  return solidity_type == "Phase" ? "uint8" : std::string(solidity_type);
}

KnownError ParseDeclaration(absl::string_view declaration) {
  const std::vector<absl::string_view> halves =
      absl::StrSplit(absl::StripSuffix(declaration, ")"), absl::MaxSplits('(', 1));
  KnownError error{std::string(halves.at(0)), {}};
  for (const absl::string_view parameter : absl::StrSplit(halves.at(1), ", ", absl::SkipEmpty())) {
    const std::vector<absl::string_view> words = absl::StrSplit(parameter, ' ');
    error.parameters.push_back({AbiType(words.at(0)), std::string(words.at(1))});
  }
  return error;
}

Bytes SelectorOf(const KnownError& error) {
  const std::string types = absl::StrJoin(
      error.parameters, ",",
      [](std::string* to, const Parameter& parameter) { absl::StrAppend(to, parameter.type); });
  return Selector(absl::StrCat(error.name, "(", types, ")"));
}

const std::map<Bytes, KnownError>& KnownErrors() {
  static const auto* const known = [] {
    auto* errors = new std::map<Bytes, KnownError>();
    for (const char* declaration : kContractErrors) {
      KnownError error = ParseDeclaration(declaration);
      Bytes selector = SelectorOf(error);
      errors->emplace(std::move(selector), std::move(error));
    }
    return errors;
  }();
  return *known;
}

std::string ShowArgument(const std::string& type, AbiDecoder& decoder) {
  if (type == "address") return ToPrefixedHex(decoder.EvmAddress());
  if (type == "bytes32") return ToPrefixedHex(decoder.Bytes32());
  if (type == "bool") return decoder.Boolean() ? "true" : "false";
  if (type == "string") {
    return Printable(ToString(decoder.DynamicBytes(kMostTextBytes)), kMostTextBytes);
  }
  KAISAR_CHECK(absl::StartsWith(type, "uint"));
  return decoder.Uint().ToDecimal();
}

/// What a panic's code means: Solidity documentation, Panic via assert and Error via require.
std::string DescribePanic(const Uint256& code) {
  switch (code.ToUint64()) {
    case 0x01:
      return "panic: an assertion failed";
    case 0x11:
      return "panic: an arithmetic overflow";
    case 0x12:
      return "panic: a division by zero";
    case 0x21:
      return "panic: no such value of an enum";
    case 0x32:
      return "panic: an index out of bounds";
    case 0x41:
      return "panic: too much memory";
    default:
      return absl::StrCat("panic: code ", code.ToDecimal());
  }
}

std::string AsHex(ByteView revert) {
  const bool whole = revert.size() <= kMostHexBytes;
  return absl::StrCat("0x", ToHex(revert.subspan(0, kMostHexBytes)), whole ? "" : "...");
}

}  // namespace

std::string DescribeRevert(ByteView revert) {
  if (revert.empty()) return kNoReason;
  if (revert.size() < kSelectorBytes) return AsHex(revert);
  const Bytes selector(revert.begin(), revert.begin() + kSelectorBytes);
  AbiDecoder decoder(revert.subspan(kSelectorBytes));
  if (selector == Selector("Error(string)")) {
    const Bytes text = decoder.DynamicBytes(revert.size());
    if (!decoder.status().ok()) return AsHex(revert);
    return text.empty() ? kNoReason : Printable(ToString(text), kMostTextBytes);
  }
  if (selector == Selector("Panic(uint256)")) {
    const Uint256 code = decoder.Uint();
    return decoder.status().ok() ? DescribePanic(code) : AsHex(revert);
  }
  const auto known = KnownErrors().find(selector);
  if (known == KnownErrors().end()) return AsHex(revert);
  std::vector<std::string> arguments;
  for (const Parameter& parameter : known->second.parameters) {
    arguments.push_back(absl::StrCat(parameter.name, " ", ShowArgument(parameter.type, decoder)));
  }
  if (!decoder.status().ok()) return AsHex(revert);
  return absl::StrCat(known->second.name, "(", absl::StrJoin(arguments, ", "), ")");
}

}  // namespace kaisar::chain
