#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace kaisar::checker {

/// What is free to this user on the file system of a path.
///
/// Units:  bytes.
/// Errors: Internal with the path and the system's words.
absl::StatusOr<std::uint64_t> FreeBytes(const std::string& path);

}  // namespace kaisar::checker
