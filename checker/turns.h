#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "absl/container/flat_hash_map.h"

namespace kaisar::checker {

/// Says which challenge may run next: at most so many at once, one per key (a device for matmul, an
/// endpoint for bandwidth), in the order in which they fell due. A slow one holds its own key and
/// nobody else's turn.
///
/// Threads: one at a time.
class Turns {
 public:
  explicit Turns(std::uint32_t most) : free_(most) {}

  /// Lines up a challenge; `index` is its place in the plan.
  void Enqueue(std::uint32_t index, std::uint32_t key) { line_.push_back({index, key}); }

  /// Takes a turn and the key for the next challenge that may run.
  std::optional<std::uint32_t> TakeNext();

  /// Gives back what TakeNext took for a challenge of this key.
  void Release(std::uint32_t key);

  std::uint32_t running() const { return static_cast<std::uint32_t>(behind_.size()); }

 private:
  struct Waiting {
    std::uint32_t index;
    std::uint32_t key;
  };
  std::uint32_t free_;
  std::deque<Waiting> line_;
  // Per key with a challenge running: what waits for that key.
  absl::flat_hash_map<std::uint32_t, std::deque<Waiting>> behind_;
};

}  // namespace kaisar::checker
