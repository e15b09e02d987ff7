#pragma once

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "challenges/policy.h"

namespace kaisar::checker {

/// What `kaisar-checker classes` was told.
struct ClassesOptions {
  std::string policy;
  bool json = false;
};

/// Prints a row for each class of a policy: its hardware, what to claim for it, and what a proof
/// asks of it. Sources are in the JSON only.
void PrintClasses(const challenges::Policy& policy, bool json, std::ostream& out);

/// Reads the policy and prints its classes.
///
/// Errors: as of reading the file, or of challenges::ParsePolicy.
absl::Status ClassesCommand(const ClassesOptions& options, std::ostream& out);

}  // namespace kaisar::checker
