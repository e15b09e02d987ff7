#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "chain/contracts.h"
#include "checker/config.h"
#include "checker/slot_keys.h"
#include "checker/slot_status.h"

namespace kaisar::checker {

struct StatusOptions {
  std::string config;  // path of checker.yaml
  bool json = false;
  bool watch = false;            // again and again, until SIGINT or SIGTERM
  std::uint32_t interval_s = 5;  // between two looks
};

/// Prints how a slot stands, and what to do about what is wrong.
///
/// Result: the exit status, of the last look: 0 all is well; 1 something is wrong; 2 it cannot be
///         told, with one line on standard error.
int StatusCommand(const StatusOptions& options);

/// Asks the chain and looks at the data directory; changes nothing. What was read `before` spares
/// a search of days of blocks for the last accepted report; null: nothing was.
///
/// Errors: those of Contracts; NotFound when no slot has the hot key and the config names none.
absl::StatusOr<SlotStatus> ReadSlotStatus(const Config& config, const SlotKeys& keys,
                                          chain::Contracts& contracts, const Clock& clock,
                                          const SlotStatus* before = nullptr);

}  // namespace kaisar::checker
