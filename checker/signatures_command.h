#pragma once

#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace kaisar::checker {

/// Makes the empty signature store of a slot that has never signed, and the data directory if there
/// is none.
///
/// Errors: as ReadConfig; AlreadyExists when there is a store.
absl::Status InitializeSignatures(const std::string& config_path);

/// Writes what the slot has signed to a new file, as JSON in the manner of EIP-3076.
///
/// Errors: as ReadConfig and SignatureStore::Open and Export; AlreadyExists when the file is there.
absl::Status ExportSignatures(const std::string& config_path, const std::string& file,
                              std::ostream& out);

/// Takes over such a file.
///
/// Errors: as ReadConfig, ReadFile, SignatureStore::Open and Import: nothing changed then.
absl::Status ImportSignatures(const std::string& config_path, const std::string& file,
                              std::ostream& out);

}  // namespace kaisar::checker
