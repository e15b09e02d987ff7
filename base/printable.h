#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace kaisar {

/// The most that a record's `detail` holds (proto/kaisar/v1/log.proto).
inline constexpr std::size_t kMostDetailBytes = 512;

/// Makes text of foreign origin fit for records, logs and terminals: printable ASCII stays,
/// anything else becomes '?', and what is beyond `most_bytes` is cut.
std::string Printable(absl::string_view text, std::size_t most_bytes);

}  // namespace kaisar
