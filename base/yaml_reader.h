#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace YAML {
class Node;
}

namespace kaisar {

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
  /// Errors: InvalidArgument with file and line on a syntax error, a duplicate key, an alias or an
  ///         empty document.
  static absl::StatusOr<YamlReader> Parse(const std::string& file, const std::string& text);

  YamlReader(YamlReader&&) noexcept;
  YamlReader& operator=(YamlReader&&) noexcept;
  ~YamlReader();

  bool Has(const std::string& key) const;
  std::vector<std::string> Keys() const;

  std::uint64_t Uint(const std::string& key, std::uint64_t least, std::uint64_t most);
  std::uint64_t UintOr(const std::string& key, std::uint64_t least, std::uint64_t most,
                       std::uint64_t otherwise);
  bool Bool(const std::string& key);
  bool BoolOr(const std::string& key, bool otherwise);
  /// Text of 1 to `most_bytes` bytes.
  std::string Text(const std::string& key, std::size_t most_bytes = 4096);
  std::string TextOr(const std::string& key, const std::string& otherwise);
  /// `host:port`; port 0 only when `port_zero` says so.
  std::string HostPort(const std::string& key, bool port_zero = false);
  Address EvmAddress(const std::string& key);  // hex, 20 bytes
  Digest Bytes32(const std::string& key);      // hex, 32 bytes
  /// One of `choices`; the result is its index.
  std::size_t Choice(const std::string& key, const std::vector<std::string>& choices);
  std::vector<std::string> Texts(const std::string& key);

  /// A mapping below this one; empty (and an error recorded) when it is missing.
  YamlReader Map(const std::string& key);
  /// A sequence of mappings.
  std::vector<YamlReader> Maps(const std::string& key);

  /// Records an error of the caller's own at a key: `FILE:LINE: KEY: MESSAGE`.
  void Fail(const std::string& key, const std::string& message);

  /// Says that all keys of this mapping have been asked for: others are errors.
  ///
  /// Result: the first error of the whole document so far, or ok.
  absl::Status Finish();

 private:
  struct Document;
  YamlReader(std::shared_ptr<Document> document, std::unique_ptr<YAML::Node> node,
             std::string path);
  std::shared_ptr<Document> document_;
  std::unique_ptr<YAML::Node> node_;
  std::string path_;
  std::set<std::string> asked_;
};

}  // namespace kaisar
