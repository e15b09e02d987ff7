#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace kaisar::checker {

/// Reads a password from `source` (a path, or "fd:N"); asks on the terminal, without echo, when
/// `source` is empty.
///
/// Errors: as ReadPassword; FailedPrecondition when there is no terminal; InvalidArgument when what
///         was typed is empty or, with `twice`, differs.
absl::StatusOr<std::string> PasswordFrom(const std::string& source, const std::string& question,
                                         bool twice);

}  // namespace kaisar::checker
