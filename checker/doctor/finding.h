#pragma once

#include <string>
#include <vector>

namespace kaisar::checker {

enum class Level { kOk, kWarning, kFailure };

/// What one check of `kaisar-checker doctor` found.
struct Finding {
  Level level = Level::kOk;
  std::string check;  // "clock"; docs/operating.md lists them
  std::string what;   // with the values and their limits
  std::string next;   // what to do; empty when all is well
};

using Findings = std::vector<Finding>;

/// One finding for people; `next` on a line of its own.
std::string FindingText(const Finding& finding);
/// "all is well", or how many failures and warnings there are.
std::string SummaryText(const Findings& findings);
/// All of them as one JSON object.
std::string FindingsJson(const Findings& findings);

}  // namespace kaisar::checker
