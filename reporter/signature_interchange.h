#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reporter/signed_epoch.h"

namespace kaisar::reporter {

/// Writes signed epochs for another node, in the manner of EIP-3076; numbers are decimal strings:
/// {"metadata": {"format": "kaisar-signatures", "version": "1"},
///  "data": [{"chain_id": "…", "contract": "0x…", "slot": "…",
///            "signed_reports": [{"epoch": "…", "digest": "0x…"}]}]}
///
/// Source: EIP-3076, complete format.
std::string SerializeSignatures(const std::vector<SignedEpoch>& rows);

/// Reads what SerializeSignatures wrote, by slot and epoch.
///
/// Errors: InvalidArgument with the key, its value and what was expected; also when it says two
///         things of one epoch. Unknown and missing keys are errors.
absl::StatusOr<std::vector<SignedEpoch>> ParseSignatures(const std::string& json);

}  // namespace kaisar::reporter
