#pragma once

#include <cstdint>
#include <optional>

#include "audit/logged_challenges.h"

namespace kaisar::audit {

/// What a score takes from one challenge. Absent: nothing was measured, or it does not count.
struct ChallengeFigures {
  std::optional<std::uint32_t> rtt_us;                // latency, passed: median of its pings
  std::optional<std::uint64_t> ops_per_second;        // matmul, passed
  std::optional<std::uint64_t> down_bits_per_second;  // bandwidth, passed
  std::optional<std::uint64_t> up_bits_per_second;
  /// What it adds to the median of its kind, in parts per million: of a failed matmul or bandwidth
  /// challenge 0, of a failed latency challenge nothing.
  std::optional<std::uint32_t> share_ppm;
};

/// Source: docs/protocol.md, Score.
ChallengeFigures FiguresOf(const challenges::Policy& policy, const LoggedChallenge& challenge);

}  // namespace kaisar::audit
