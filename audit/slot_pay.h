#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/epoch_settlement.h"

namespace kaisar::audit {

/// What a slot answered for one device, and what became of it.
struct SlotAnswer {
  const DeviceSettlement* device = nullptr;  // of the epoch that is explained
  std::optional<std::uint8_t> score;         // its own; null: absent
  std::string outcome;                       // in words
  Uint256 earned, at_stake;                  // wei
  bool disagreed = false;
};

/// What an epoch paid a slot, and why.
struct SlotPay {
  std::uint32_t slot = 0;
  std::vector<SlotAnswer> answers;  // of the devices that it was asked about
  Uint256 earned, at_stake;         // wei
  std::string sentence;             // in plain words, without a line end
};

/// `epoch` must outlive the result; `slot` is one of its slots.
///
/// Units: `band` in steps of half a percent of the score.
SlotPay ExplainSlotPay(const EpochSettlement& epoch, std::uint32_t slot, std::uint8_t band);

}  // namespace kaisar::audit
