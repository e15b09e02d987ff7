#include <gtest/gtest.h>

#include "provider/rate_limit.h"
#include "provider/seen_challenges.h"
#include "tests/support/sample_provider.h"

namespace kaisar::provider {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

TEST(RateLimiter, GivesTheBurstAtOnceAndThenOneToken) {
  RateLimiter limiter(60, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Take(kSecondNs)) << i;
  EXPECT_FALSE(limiter.Take(kSecondNs));
  EXPECT_FALSE(limiter.Take(2 * kSecondNs - 1));
  EXPECT_TRUE(limiter.Take(2 * kSecondNs));
  EXPECT_FALSE(limiter.Take(2 * kSecondNs));
}

TEST(RateLimiter, SavesNoMoreThanTheBurst) {
  RateLimiter limiter(60, 2);
  EXPECT_TRUE(limiter.Take(3600 * kSecondNs));
  EXPECT_TRUE(limiter.Take(3600 * kSecondNs));
  EXPECT_FALSE(limiter.Take(3600 * kSecondNs));
}

TEST(SeenChallenges, RemembersUntilTenMinutesAfterExpiry) {
  SeenChallenges seen(10);
  seen.Insert(Filled(1), 1000);
  seen.Forget(601'000);
  EXPECT_TRUE(seen.Contains(Filled(1)));
  seen.Forget(601'001);
  EXPECT_FALSE(seen.Contains(Filled(1)));
}

TEST(SeenChallenges, IsFullRatherThanForgetful) {
  SeenChallenges seen(2);
  seen.Insert(Filled(1), 1000);
  EXPECT_FALSE(seen.full());
  seen.Insert(Filled(2), 2000);
  EXPECT_TRUE(seen.full());
  seen.Forget(601'500);
  EXPECT_FALSE(seen.full());
  EXPECT_TRUE(seen.Contains(Filled(2)));
}

}  // namespace
}  // namespace kaisar::provider
