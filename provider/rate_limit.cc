#include "provider/rate_limit.h"

#include <algorithm>

namespace kaisar::provider {

RateLimiter::RateLimiter(std::uint32_t per_minute, std::uint32_t burst)
    : token_ns_(60'000'000'000U / per_minute), bucket_ns_(token_ns_ * burst) {}

bool RateLimiter::Take(std::uint64_t now_ns) {
  const std::uint64_t full_at_ns = std::max(full_at_ns_, now_ns) + token_ns_;
  if (full_at_ns - now_ns > bucket_ns_) return false;
  full_at_ns_ = full_at_ns;
  return true;
}

}  // namespace kaisar::provider
