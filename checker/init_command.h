#pragma once

#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace kaisar::checker {

/// Writes a commented `checker.yaml` and `roster.yaml` into a folder and says what to do next.
///
/// Errors: AlreadyExists when one of them is there: nothing is written then.
absl::Status WriteExamples(const std::string& directory, std::ostream& out);

}  // namespace kaisar::checker
