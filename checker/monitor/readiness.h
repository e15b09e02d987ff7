#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "checker/slot_status.h"

namespace kaisar::checker {

/// What a run knows of itself. Times in nanoseconds of the monotonic clock; null: not yet.
struct RunFacts {
  std::uint64_t now_ns = 0;
  // When a thread last went on; null: it is not there, or has nothing more to do.
  std::optional<std::uint64_t> dispatch_alive_ns;
  std::optional<std::uint64_t> chain_alive_ns;
  std::optional<std::uint64_t> dispatch_failed_ns;  // when it last ended with an error …
  std::string dispatch_trouble;                     // … and with which
  bool on_chain = false;                            // the epochs come from the chain
  std::optional<std::uint64_t> chain_read_ns;       // when the slot's status was last read
  std::uint64_t chain_read_every_ns = 0;            // how often it is
  std::string chain_trouble;                        // why it could not be, the last time; or empty
  std::optional<SlotStatus> slot;                   // as last read
  std::uint64_t free_bytes = 0;                     // on the data directory's file system
  std::uint64_t size_bytes = 0;                     // of it; 0: unknown
  std::string refused;                              // why an epoch is not begun for want of room
  // Why epochs are not reported, by the path of their log.
  std::map<std::string, std::string> unusable_logs;
  std::uint64_t clock_steps = 0;                  // how often the wall clock was set
  std::optional<std::uint64_t> clock_stepped_ns;  // when it was last …
  double clock_step_seconds = 0;                  // … by so much
};

/// Whether the process does its work, whatever the chain and the devices do.
struct Health {
  bool alive = true;
  std::vector<Problem> problems;
};
Health CheckHealth(const RunFacts& facts);

/// Whether earning is possible, and all that is wrong; `ready` is false when one of the problems
/// keeps the slot from earning.
struct Readiness {
  bool ready = true;
  std::vector<Problem> problems;
};
Readiness CheckReadiness(const RunFacts& facts);

/// The codes of what CheckHealth and CheckReadiness find besides kSlotProblemCodes.
inline constexpr absl::string_view kRunProblemCodes[] = {
    "dispatch_stuck", "chain_stuck",   "chain_unread", "not_on_duty_yet", "disk_low",
    "disk_full",      "clock_stepped", "clock_behind", "log_unusable",    "dispatch_failed",
};

/// Whether a problem of this code keeps the slot from earning.
bool KeepsFromEarning(absl::string_view code);

/// `{"alive": true, "problems": []}`, and the like with `ready`; each problem has `code`, `what`,
/// `next` and `keeps_from_earning`.
std::string HealthJson(const Health& health);
std::string ReadinessJson(const Readiness& readiness);

}  // namespace kaisar::checker
