#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "audit/comparison.h"

namespace kaisar::audit {

struct CompareOptions {
  std::vector<std::string> log_paths;  // two or more
  std::vector<std::string> places;     // "SLOT=LAT,LON" or "SLOT=LAT,LON,KM"
  std::vector<std::string> regions;    // "NAME=LAT,LON,KM"
  std::uint32_t band = 6;              // of 200: what contracts/deploy.mjs takes when not told
  bool json = false;                   // one object instead of tables
};

/// What `compare` prints: tables, then a sentence for each finding, then what could not be
/// compared.
void PrintComparison(const Comparison& comparison, std::ostream& out);
/// One JSON object; docs/auditing.md lists its keys.
std::string ComparisonToJson(const Comparison& comparison);

/// `kaisar-audit compare`.
///
/// Result: the exit status: 0 nothing found, 1 a log is damaged, 2 one cannot be read or is of
///         another epoch, 3 something was found.
int RunCompare(const CompareOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace kaisar::audit
