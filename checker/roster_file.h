#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "challenges/policy.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// When the epochs of a file roster are: epoch e runs from genesis_ms + e · epoch_ms to the next.
struct EpochGrid {
  std::uint64_t genesis_ms = 0;  // Unix time
  std::uint64_t epoch_ms = 0;    // above 0
};

/// A roster as an operator writes it, instead of the chain.
///
/// Source: docs/operating.md; `kaisar-checker init` writes a commented example.
struct RosterFile {
  v1::Roster roster;  // ids ascending, whatever the order in the file
  EpochGrid grid;
  std::map<std::uint32_t, std::string> names;  // of devices, for people; may lack some
};

/// Reads a roster from its text: form, lengths, ranges, duplicate ids. What depends on the policy
/// is left to challenges::ValidateRoster.
///
/// Errors: InvalidArgument, one line: file, line, key, value and what was expected.
/// Cost:   10,000 devices in about a second.
absl::StatusOr<RosterFile> ParseRosterFile(const std::string& file, const std::string& yaml);

/// Reads a roster file and validates it against the policy, for `slot`.
///
/// Errors: as ParseRosterFile, ValidateRoster (with the file's name) and ReadFile.
absl::StatusOr<RosterFile> ReadRosterFile(const std::string& path, const challenges::Policy& policy,
                                          std::uint32_t slot);

}  // namespace kaisar::checker
