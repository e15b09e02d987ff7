#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "challenges/plan.h"

namespace kaisar::audit {

/// The plan by device, kind and sequence, with what the log has said of each challenge so far.
///
/// Cost: 16 bytes and two bits per planned challenge; binary search.
class PlanIndex {
 public:
  explicit PlanIndex(std::vector<challenges::PlannedChallenge> plan);

  /// Where the plan has this challenge; absent when it has not.
  std::optional<std::size_t> Find(std::uint32_t device, v1::Kind kind,
                                  std::uint32_t sequence) const;
  const challenges::PlannedChallenge& at(std::size_t place) const { return plan_[place]; }
  std::size_t size() const { return plan_.size(); }

  /// Result: false when it was marked before.
  bool MarkIssued(std::size_t place) { return Mark(issued_, place); }
  bool MarkClosed(std::size_t place) { return Mark(closed_, place); }
  bool is_closed(std::size_t place) const { return closed_[place]; }

 private:
  static bool Mark(std::vector<bool>& bits, std::size_t place);
  std::vector<challenges::PlannedChallenge> plan_;
  std::vector<bool> issued_;
  std::vector<bool> closed_;
};

}  // namespace kaisar::audit
