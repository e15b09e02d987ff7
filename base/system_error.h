#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace kaisar {

/// What errno says of an attempt at a file: "cannot ATTEMPT PATH: the system's words".
///
/// Errors: NotFound, AlreadyExists, PermissionDenied (a read-only file system, too), else Internal.
absl::Status SystemError(absl::string_view attempt, const std::string& path);

}  // namespace kaisar
