#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "kaisar/v1/provider.pb.h"
#include "monitor/problem.h"
#include "provider/own_device.h"

namespace kaisar::provider {

/// What a provider knows of itself. Times in nanoseconds of the monotonic clock; null: not yet.
struct ServingFacts {
  std::uint64_t now_ns = 0;
  v1::DescribeResponse devices;
  std::uint64_t slots_served = 0;
  bool on_chain = false;                          // the chain says whose challenges are taken
  std::optional<std::uint64_t> chain_read_ns;     // when it could last be read
  std::string chain_trouble;                      // why it could not be, the last time; or empty
  std::vector<OwnDevice> chain_devices;           // empty: not on a chain
  std::int64_t block_age_s = 0;                   // then: this clock less the newest block's time
  std::uint64_t clock_steps = 0;                  // how often the wall clock was set
  std::optional<std::uint64_t> clock_stepped_ns;  // when it was last …
  double clock_step_seconds = 0;                  // … by so much
};

/// Whether a challenge would be served now and its answer count, and all that is wrong; `ready` is
/// false when one of the problems keeps every device from that.
struct Readiness {
  bool ready = true;
  std::vector<monitor::Problem> problems;
};
Readiness CheckReadiness(const ServingFacts& facts);

/// The codes of what CheckReadiness finds.
inline constexpr absl::string_view kProblemCodes[] = {
    "no_device_works", "device_in_trouble", "no_key_fits", "other_key",    "device_not_in_epoch",
    "nobody_served",   "chain_unread",      "chain_stale", "clock_behind", "clock_stepped",
};

/// Whether a problem of this code keeps the devices from earning.
bool KeepsFromEarning(absl::string_view code);

}  // namespace kaisar::provider
