#include "provider/seen_challenges.h"

namespace kaisar::provider {

constexpr std::uint64_t kKeptMs = 600'000;

void SeenChallenges::Forget(std::uint64_t now_ms) {
  while (!by_expiry_.empty() && by_expiry_.begin()->first + kKeptMs < now_ms) {
    ids_.erase(by_expiry_.begin()->second);
    by_expiry_.erase(by_expiry_.begin());
  }
}

void SeenChallenges::Insert(const Digest& challenge_id, std::uint64_t expires_at_ms) {
  if (ids_.insert(challenge_id).second) by_expiry_.emplace(expires_at_ms, challenge_id);
}

}  // namespace kaisar::provider
