#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include "base/bytes.h"

namespace kaisar::provider {

/// Remembers the challenges that were taken until they have expired, so that none is taken twice.
///
/// Threads: one at a time.
/// Cost:    about 200 bytes a challenge, at most `most` of them.
class SeenChallenges {
 public:
  explicit SeenChallenges(std::size_t most) : most_(most) {}

  /// Forgets what expired more than ten minutes before `now_ms`: a wall clock that is set back by
  /// less does not make a challenge new again.
  void Forget(std::uint64_t now_ms);
  bool Contains(const Digest& challenge_id) const { return ids_.contains(challenge_id); }
  bool empty() const { return ids_.empty(); }
  /// True when nothing more can be remembered. Nothing is forgotten to make room.
  bool full() const { return ids_.size() >= most_; }
  void Insert(const Digest& challenge_id, std::uint64_t expires_at_ms);

 private:
  std::size_t most_;
  std::set<Digest> ids_;
  std::set<std::pair<std::uint64_t, Digest>> by_expiry_;
};

}  // namespace kaisar::provider
