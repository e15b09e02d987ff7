#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kaisar {

/// What a YAML document says, with the line of everything. A plain value, for YamlReader alone.
struct YamlTree {
  enum class Kind { kNull, kPlain, kQuoted, kSequence, kMapping };
  Kind kind = Kind::kNull;
  int line = 0;                    // from 1
  std::string key;                 // under which the mapping above holds it
  int key_line = 0;                // where that key stands
  std::string text;                // of kPlain and kQuoted
  std::vector<YamlTree> children;  // a sequence's in order, a mapping's by ascending key

  /// Finds a mapping's child; null when there is none, or this is no mapping.
  const YamlTree* Find(const std::string& wanted) const;
};

/// Parses one document strictly.
///
/// Errors: InvalidArgument, `FILE:LINE: …`, on a syntax error, a second document, an empty one, a
///         key that is not text or comes twice, an anchor, an alias or a tag, or when it exceeds 16
///         MiB, 16 levels or 2^21 nodes.
absl::StatusOr<YamlTree> ParseYamlTree(const std::string& file, const std::string& text);

}  // namespace kaisar
