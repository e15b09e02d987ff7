#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audit/comparison_logs.h"

namespace kaisar::audit {

/// The rate of one matmul challenge beside the others that the same checker measured.
struct RelativeRate {
  std::uint64_t started_ms = 0;    // Unix time, by the checker's clock
  std::uint32_t relative_ppm = 0;  // of the device's lower median in that log, without the muster
  std::uint32_t slot = 0;
  std::uint64_t record = 0;
  bool muster = false;
};

struct DeviceRates {
  std::uint32_t device = 0;
  std::string owner;
  std::uint64_t usual_ms = 0;       // the lower median of the times, over all logs
  std::vector<RelativeRate> rates;  // in the order of time
};

/// The rates of all devices that have some, ascending ids.
///
/// Result: at most 2^32 - 1 ppm. A log that has a device's muster and nothing else says nothing of
/// it.
std::vector<DeviceRates> RelativeRates(const std::vector<CheckerLog>& logs);

}  // namespace kaisar::audit
