#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "challenges/plan.h"

namespace kaisar::audit {

/// The plan by device, kind and sequence, with what the log has said of each challenge so far.
///
/// Cost: two bits per planned challenge and 100 bytes per device and kind; to find one, a binary
///       search and the draw of its due time (1 µs).
class PlanIndex {
 public:
  /// A challenge and its place among all, in the order of (device, kind, sequence).
  struct Entry {
    std::size_t place = 0;
    challenges::PlannedChallenge planned;
  };

  /// `parts` as MakePlanParts gives them.
  explicit PlanIndex(std::vector<challenges::PlanPart> parts);

  /// Absent when the plan has no such challenge.
  std::optional<Entry> Find(std::uint32_t device, v1::Kind kind, std::uint32_t sequence) const;
  std::size_t size() const { return closed_.size(); }

  /// Result: false when it was marked before.
  bool MarkIssued(std::size_t place) { return Mark(issued_, place); }
  bool MarkClosed(std::size_t place) { return Mark(closed_, place); }
  bool is_closed(std::size_t place) const { return closed_[place]; }

  /// Tells of every challenge that is not marked as closed, in the order of places.
  void ForEachOpen(const std::function<void(const challenges::PlannedChallenge&)>& each) const;

 private:
  static bool Mark(std::vector<bool>& bits, std::size_t place);
  std::vector<challenges::PlanPart> parts_;
  std::vector<std::size_t> begins_;  // place of each part's first challenge
  std::vector<bool> issued_;
  std::vector<bool> closed_;
};

}  // namespace kaisar::audit
