#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace kaisar {

struct YamlTree;

/// Reads one YAML mapping strictly: every key must be asked for, each asked value must be there, of
/// its type and in its range. The first error wins; later reads then give defaults, so a caller
/// reads everything in a row and checks `Finish()` once.
///
/// Errors: one line each, `FILE:LINE: KEY: is VALUE, expected WHAT`, with the key's full path
///         (`phases.standby.matmul.count`); collected in the document that all readers share.
class YamlReader {
 public:
  /// Parses a document whose root must be a mapping; `file` is only for messages.
  ///
  /// Errors: InvalidArgument with file and line on a syntax error, a duplicate key, an alias, an
  ///         empty document, or one beyond the limits of base/yaml_tree.h.
  static absl::StatusOr<YamlReader> Parse(const std::string& file, const std::string& text);

  YamlReader(YamlReader&&) noexcept;
  YamlReader& operator=(YamlReader&&) noexcept;
  ~YamlReader();

  /// Neither counts as asking for a key.
  bool Has(const std::string& key) const;
  std::vector<std::string> Keys() const;  // ascending

  /// A decimal integer, not in quotes.
  std::uint64_t Uint(const std::string& key, std::uint64_t least, std::uint64_t most);
  std::uint64_t UintOr(const std::string& key, std::uint64_t least, std::uint64_t most,
                       std::uint64_t otherwise);
  bool Bool(const std::string& key);
  bool BoolOr(const std::string& key, bool otherwise);
  /// Text of 1 to `most_bytes` bytes without control characters, in quotes or not.
  std::string Text(const std::string& key, std::size_t most_bytes = 4096);
  std::string TextOr(const std::string& key, const std::string& otherwise);
  /// `host:port`; port 0 only when `port_zero` says so.
  std::string HostPort(const std::string& key, bool port_zero = false);
  Address EvmAddress(const std::string& key);  // hex, 20 bytes
  Digest Bytes32(const std::string& key);      // hex, 32 bytes
  /// One of `choices`; the result is its index.
  std::size_t Choice(const std::string& key, const std::vector<std::string>& choices);
  std::vector<std::string> Texts(const std::string& key);  // a sequence; may be empty

  /// A mapping below this one; empty (and an error recorded) when it is missing. It is finished on
  /// its own.
  YamlReader Map(const std::string& key);
  /// A sequence of mappings; may be empty.
  std::vector<YamlReader> Maps(const std::string& key);

  /// Records an error of the caller's own at a key: `FILE:LINE: KEY: MESSAGE`.
  void Fail(const std::string& key, const std::string& message);

  /// Says that all keys of this mapping have been asked for: others are errors.
  ///
  /// Result: the first error of the whole document so far, or ok.
  absl::Status Finish();

 private:
  struct Document;
  YamlReader(std::shared_ptr<Document> document, const YamlTree* mapping, std::string path);

  std::string PathOf(const std::string& key) const;
  const YamlTree* Ask(const std::string& key, const std::string& expected, bool required);
  const YamlTree* AskText(const std::string& key, const std::string& expected,
                          std::size_t most_bytes, bool required);
  std::uint64_t AskUint(const std::string& key, std::uint64_t least, std::uint64_t most,
                        std::uint64_t otherwise, bool required);
  bool AskBool(const std::string& key, bool otherwise, bool required);
  template <std::size_t N>
  std::array<std::uint8_t, N> AskHex(const std::string& key);
  const std::vector<YamlTree>* AskSequence(const std::string& key, const std::string& expected);
  void Mismatch(const YamlTree& node, const std::string& path, const std::string& expected);

  std::shared_ptr<Document> document_;
  const YamlTree* mapping_;  // in the document; null below something that is missing
  std::string path_;
  std::set<std::string> asked_;
};

}  // namespace kaisar
