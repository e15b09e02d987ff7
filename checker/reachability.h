#pragma once

#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace kaisar::checker {

struct ReachabilityResult {
  unsigned tried = 0;
  unsigned reached = 0;  // TCP connects that were accepted
};

/// Tells whether the checker reaches anything at all: TCP connects to endpoints, in parallel.
///
/// Threads: from any thread; `done` comes exactly once, on a thread of the prober, within
/// `deadline_ms`.
class ReachabilityProber {
 public:
  virtual ~ReachabilityProber() = default;
  virtual void Probe(std::vector<std::string> endpoints, unsigned deadline_ms,
                     absl::AnyInvocable<void(ReachabilityResult)> done) = 0;
};

}  // namespace kaisar::checker
