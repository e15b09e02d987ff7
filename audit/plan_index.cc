#include "audit/plan_index.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace kaisar::audit {
namespace {

auto KeyOf(const challenges::PlannedChallenge& planned) {
  return std::make_tuple(planned.device, planned.kind, planned.sequence);
}

}  // namespace

PlanIndex::PlanIndex(std::vector<challenges::PlannedChallenge> plan)
    : plan_(std::move(plan)), issued_(plan_.size()), closed_(plan_.size()) {
  std::sort(plan_.begin(), plan_.end(),
            [](const auto& a, const auto& b) { return KeyOf(a) < KeyOf(b); });
}

std::optional<std::size_t> PlanIndex::Find(std::uint32_t device, v1::Kind kind,
                                           std::uint32_t sequence) const {
  const auto key = std::make_tuple(device, kind, sequence);
  const auto found = std::lower_bound(
      plan_.begin(), plan_.end(), key,
      [](const auto& planned, const auto& wanted) { return KeyOf(planned) < wanted; });
  if (found == plan_.end() || KeyOf(*found) != key) return std::nullopt;
  return static_cast<std::size_t>(found - plan_.begin());
}

bool PlanIndex::Mark(std::vector<bool>& bits, std::size_t place) {
  const bool before = bits[place];
  bits[place] = true;
  return !before;
}

}  // namespace kaisar::audit
