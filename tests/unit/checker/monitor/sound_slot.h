#pragma once

#include <cstdint>

#include "checker/slot_status.h"

namespace kaisar::checker {

/// A slot on its duty with which nothing is wrong, so many seconds into an epoch of 600 s.
inline SlotStatus SoundSlot(std::uint32_t epoch, std::uint64_t into_s) {
  SlotStatus slot;
  slot.slot = 3;
  slot.schedule.genesis = 1'000'000;
  slot.schedule.epoch_seconds = 600;
  slot.schedule.commit_seconds = 60;
  slot.schedule.reveal_seconds = 60;
  slot.state.active_until = UINT32_MAX;
  slot.epoch = epoch;
  slot.opened = true;
  slot.now_s = slot.wall_s = slot.schedule.begin(epoch) + into_s;
  slot.balance = Uint256(1'000'000);
  slot.runs_as = "process 1";
  slot.has_signatures = true;
  return slot;
}

}  // namespace kaisar::checker
