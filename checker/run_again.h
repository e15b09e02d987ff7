#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "checker/stop_request.h"

namespace kaisar::checker {

/// Runs epochs again, however often they end with an error: until they are done, or a stop is
/// requested. What else the process does goes on meanwhile.
///
/// Units:  waits `pause_ms` after each error, which `failed` is told of before.
/// Result: how the last run ended.
absl::Status RunAgain(const std::function<absl::Status()>& run, std::uint64_t pause_ms,
                      StopRequest& stop, const std::function<void(const absl::Status&)>& failed);

}  // namespace kaisar::checker
