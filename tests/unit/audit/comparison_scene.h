#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audit/comparison_logs.h"

namespace kaisar::audit {

/// Logs of one epoch as ReadCheckerLog gives them, made without files.
class ComparisonScene {
 public:
  explicit ComparisonScene(std::uint32_t slots) : logs(slots) {
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      logs[slot].path = "slot-" + std::to_string(slot);
      logs[slot].epoch.opened.set_slot(slot);
    }
  }

  /// To all rosters; ids must ascend.
  void AddDevice(std::uint32_t id, const std::string& owner, const std::string& region = "eu") {
    for (CheckerLog& log : logs) {
      v1::Device& device = *log.epoch.opened.mutable_roster()->add_devices();
      device.set_id(id);
      device.set_owner(owner);
      device.set_region(region);
      log.devices[id].score.device = id;
      log.devices[id].score.score = 200;
    }
  }

  void SetRtt(std::uint32_t slot, std::uint32_t device, std::uint32_t us) {
    logs[slot].devices[device].smallest_rtt = SmallestRtt{us, 100 * slot + device};
  }

  std::vector<CheckerLog> logs;
};

}  // namespace kaisar::audit
