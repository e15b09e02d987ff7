#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/hex.h"

namespace kaisar::audit {

/// Parses JSON and refuses an object that has a key twice, of which the library keeps the last.
///
/// Errors: InvalidArgument that begins with `what` ("report"), or names the repeated key.
absl::StatusOr<nlohmann::ordered_json> ParseJsonStrictly(const std::string& text,
                                                         const std::string& what);

/// Reads one JSON object of a file that everybody may have written: every key once, none left over.
/// The first error wins; after it, everything reads as zero or empty.
class ObjectReader {
 public:
  using Json = nlohmann::ordered_json;

  /// `path` stands before the keys in messages; `owner` is what has the keys ("a report").
  ObjectReader(const Json& json, std::string path, std::string owner);

  std::uint64_t Uint(const std::string& key, std::uint64_t most);
  /// A text; empty after an error.
  std::string Text(const std::string& key);
  /// The elements of an array, or nothing.
  const Json& Array(const std::string& key);

  template <std::size_t N>
  std::array<std::uint8_t, N> Hex(const std::string& key) {
    const Json* value = Find(key);
    return value == nullptr ? std::array<std::uint8_t, N>{} : HexOf<N>(key, *value);
  }

  template <std::size_t N>
  std::array<std::uint8_t, N> HexOf(const std::string& key, const Json& value) {
    std::array<std::uint8_t, N> bytes{};
    const std::string* text = value.get_ptr<const std::string*>();
    if (text != nullptr && absl::StartsWith(*text, "0x")) {
      const auto parsed = ParseHexArray<N>(*text);
      if (parsed.ok()) return *parsed;
    }
    Fail(key, value, absl::StrCat("0x and ", 2 * N, " hex digits"));
    return bytes;
  }

  /// Takes over the error of an object inside of this one.
  void Take(const absl::Status& status);
  /// Makes the value of a key the error.
  void Fail(const std::string& key, const Json& value, const std::string& expected);

  /// Errors: InvalidArgument with the key, its value and what was expected.
  absl::Status Finish();

 private:
  const Json* Find(const std::string& key);
  void FailWith(const std::string& key, const std::string& shown, const std::string& expected);

  const Json& json_;
  const std::string path_;
  const std::string owner_;
  std::set<std::string> asked_;
  absl::Status status_;
};

}  // namespace kaisar::audit
