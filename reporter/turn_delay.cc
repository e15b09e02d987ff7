#include "reporter/turn_delay.h"

#include <algorithm>

namespace kaisar::reporter {

std::uint64_t TurnDelay(const chain::Schedule& schedule, std::uint64_t turn, std::uint32_t slots,
                        std::uint64_t block_ms) {
  const std::uint64_t apart_ms =
      std::min(2 * block_ms, std::uint64_t{schedule.epoch_seconds} * 1000 / 8 / slots);
  return turn % slots * apart_ms / 1000;
}

}  // namespace kaisar::reporter
