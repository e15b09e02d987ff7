#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "provider/config.h"

namespace kaisar::provider {

/// A slot that is served, and what it may ask about.
struct ServedSlot {
  SlotConfig slot;
  std::optional<std::uint32_t> epoch;              // null: challenges of every epoch
  std::optional<std::set<std::uint32_t>> devices;  // null: every device that is here
  std::set<std::uint32_t> in_service = {};         // a customer had them when the epoch was opened
  friend bool operator==(const ServedSlot&, const ServedSlot&) = default;
};

/// Slots of a config file: they may ask about everything, always.
inline std::vector<ServedSlot> ServeAlways(const std::vector<SlotConfig>& slots) {
  std::vector<ServedSlot> served;
  for (const SlotConfig& slot : slots) served.push_back({slot, std::nullopt, std::nullopt});
  return served;
}

}  // namespace kaisar::provider
