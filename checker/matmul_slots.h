#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "absl/container/flat_hash_map.h"

namespace kaisar::checker {

/// Says which matmul challenge may run next: at most so many at once, one per device, in the order
/// in which they fell due. A device that is slow holds one slot and nobody else's turn.
///
/// Threads: one at a time.
class MatmulSlots {
 public:
  explicit MatmulSlots(std::uint32_t most) : free_(most) {}

  /// Lines up a challenge; `index` is its place in the plan.
  void Enqueue(std::uint32_t index, std::uint32_t device) { line_.push_back({index, device}); }

  /// Takes a slot and the device for the next challenge that may run.
  std::optional<std::uint32_t> TakeNext();

  /// Gives back the slot that TakeNext took for a challenge of this device.
  void Release(std::uint32_t device);

  std::uint32_t running() const { return static_cast<std::uint32_t>(behind_.size()); }

 private:
  struct Waiting {
    std::uint32_t index;
    std::uint32_t device;
  };
  std::uint32_t free_;
  std::deque<Waiting> line_;
  // Per device with a challenge running: what waits for that device.
  absl::flat_hash_map<std::uint32_t, std::deque<Waiting>> behind_;
};

}  // namespace kaisar::checker
