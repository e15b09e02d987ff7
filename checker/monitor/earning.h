#pragma once

#include <string>

#include "checker/monitor/readiness.h"

namespace kaisar::checker {

/// Whether the slot earns, in words.
struct Earning {
  /// "yes", "attention" (yes, but something is wrong), "no", "waiting" (for its first duty),
  /// "unknown" (the chain is still to be read) or "unpaid" (there is no chain).
  std::string state;
  std::string heading;
  std::string text;
};

/// A pure function of what is known. "yes" takes more than readiness: a report that was missed is
/// no pay, even if the next one can be accepted.
Earning TellEarning(const RunFacts& facts, const Readiness& readiness);

}  // namespace kaisar::checker
