#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/eip712.h"
#include "base/signing_key.h"
#include "provider/admission.h"
#include "provider/bandwidth_tests.h"
#include "provider/matmul_worker.h"

namespace kaisar::provider {

/// What a stream does after an event: send the response if there is one, then end if there is a
/// status.
template <typename Response>
struct Step {
  std::optional<Response> response;
  std::optional<absl::Status> end;
};

/// What the sessions of one provider share; outlives them.
struct SessionServices {
  Admission& admission;
  const Limits& limits;
  const SigningDomain& domain;
  const Clock& clock;
  /// The worker of a device that admission has taken a challenge for.
  std::function<MatmulWorker&(std::uint32_t device)> worker;
  /// Null when the limits let no bandwidth test be taken.
  BandwidthTests* bandwidth = nullptr;
};

/// A stream is cut off this long after its challenge has expired: allowance for the two clocks.
inline constexpr std::uint64_t kExpiryGraceMs = 60'000;

/// Now and some milliseconds, in nanoseconds of the monotonic clock.
inline std::uint64_t DeadlineNs(const Clock& clock, std::uint64_t ms) {
  return clock.MonotonicNs() + ms * 1'000'000;
}

/// When a stream with this challenge ends at the latest, in nanoseconds of the monotonic clock.
inline std::uint64_t ExpiryNs(const Clock& clock, std::uint64_t expires_at_ms) {
  const std::uint64_t now_ms = clock.WallMs();
  const std::uint64_t left_ms = expires_at_ms > now_ms ? expires_at_ms - now_ms : 0;
  return DeadlineNs(clock, left_ms + kExpiryGraceMs);
}

}  // namespace kaisar::provider
