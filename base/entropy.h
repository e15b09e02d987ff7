#pragma once

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "base/bytes.h"

namespace kaisar {

/// Randomness for secrets. What an auditor must recompute comes from the protocol's streams
/// instead.
///
/// Threads: all methods from any thread.
class Entropy {
 public:
  virtual ~Entropy() = default;
  /// Fills `out`.
  ///
  /// Errors: Internal when the source fails; `out` must not be used then.
  virtual absl::Status Fill(absl::Span<std::uint8_t> out) = 0;
};

/// The operating system's entropy (getrandom).
Entropy& OsEntropy();

}  // namespace kaisar
