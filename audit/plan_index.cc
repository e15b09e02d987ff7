#include "audit/plan_index.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace kaisar::audit {

PlanIndex::PlanIndex(std::vector<challenges::PlanPart> parts) : parts_(std::move(parts)) {
  std::size_t size = 0;
  begins_.reserve(parts_.size());
  for (const challenges::PlanPart& part : parts_) {
    begins_.push_back(size);
    size += part.size();
  }
  issued_.resize(size);
  closed_.resize(size);
}

std::optional<PlanIndex::Entry> PlanIndex::Find(std::uint32_t device, v1::Kind kind,
                                                std::uint32_t sequence) const {
  const auto key = std::make_tuple(device, kind);
  const auto part = std::lower_bound(parts_.begin(), parts_.end(), key,
                                     [](const challenges::PlanPart& a, const auto& wanted) {
                                       return std::make_tuple(a.device, a.kind) < wanted;
                                     });
  if (part == parts_.end() || part->device != device || part->kind != kind ||
      sequence >= part->size()) {
    return std::nullopt;
  }
  return Entry{begins_[static_cast<std::size_t>(part - parts_.begin())] + sequence,
               challenges::DrawPlanned(*part, sequence)};
}

void PlanIndex::ForEachOpen(
    const std::function<void(const challenges::PlannedChallenge&)>& each) const {
  std::size_t place = 0;
  for (const challenges::PlanPart& part : parts_) {
    for (std::uint32_t q = 0; q < part.size(); ++q, ++place) {
      if (!closed_[place]) each(challenges::DrawPlanned(part, q));
    }
  }
}

bool PlanIndex::Mark(std::vector<bool>& bits, std::size_t place) {
  const bool before = bits[place];
  bits[place] = true;
  return !before;
}

}  // namespace kaisar::audit
