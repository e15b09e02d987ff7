#pragma once

#include <string>

#include "absl/status/status.h"

namespace kaisar::audit {

/// Makes a log without records, in one step: after a crash there is the whole file or none.
///
/// Errors: AlreadyExists; NotFound, PermissionDenied or Internal with the path and the system's
/// words.
absl::Status MakeEmptyLog(const std::string& path);

}  // namespace kaisar::audit
