#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace kaisar::audit {

struct RecomputeOptions {
  std::string seed;          // 32 bytes of hex
  std::uint32_t n = 0;       // 256 to 32768
  std::uint32_t rounds = 0;  // 1 to 4096
  int threads = 1;
};

/// Does the work of one matmul challenge and prints {"roots":[…],"commitment":"…"}, all hex.
///
/// Errors: InvalidArgument when the seed is not 32 bytes of hex or n is no power of two;
///         ResourceExhausted when the states (rounds * n * n bytes) cannot be allocated.
absl::Status PrintRecomputed(const RecomputeOptions& options, std::ostream& out);

}  // namespace kaisar::audit
