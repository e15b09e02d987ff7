#pragma once

#include <string>

#include "absl/status/status.h"

namespace kaisar::checker {

/// Makes the empty signature store of a slot that has never signed, and the data directory if there
/// is none.
///
/// Errors: as ReadConfig; AlreadyExists when there is a store.
absl::Status InitializeSignatures(const std::string& config_path);

}  // namespace kaisar::checker
