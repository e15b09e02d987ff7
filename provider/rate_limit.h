#pragma once

#include <cstdint>

namespace kaisar::provider {

/// A token bucket: `burst` tokens at once, refilled evenly with `per_minute`.
///
/// Units:   times in nanoseconds of the monotonic clock.
/// Threads: one at a time.
class RateLimiter {
 public:
  /// Both at least 1.
  RateLimiter(std::uint32_t per_minute, std::uint32_t burst);

  /// Takes a token; false when there is none.
  bool Take(std::uint64_t now_ns);

 private:
  std::uint64_t token_ns_;        // time in which one token comes
  std::uint64_t bucket_ns_;       // time in which an empty bucket fills
  std::uint64_t full_at_ns_ = 0;  // when the bucket will be full
};

}  // namespace kaisar::provider
