#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "audit/comparison_logs.h"
#include "audit/finding.h"
#include "audit/geography.h"

namespace kaisar::audit {

/// Where checkers and regions are, by whoever compares: no log has it.
struct Geography {
  std::map<std::uint32_t, Place> checkers;  // by slot
  std::map<std::string, Place> regions;     // by name, as devices of the roster have it
};

/// In how many devices' contradictions a slot stands, of those that answered it.
struct SlotContradictions {
  std::uint32_t devices = 0;
  std::uint32_t answered = 0;
};

struct DistanceComparison {
  std::vector<Finding> findings;
  std::map<std::uint32_t, SlotContradictions> slots;  // that have a place
  /// That stand in every finding, when these are about several devices: more likely at fault than
  /// all of the devices.
  std::set<std::uint32_t> slots_in_all;
  std::uint32_t pairs_checked = 0;    // a device and two checkers
  std::uint32_t regions_checked = 0;  // a device with its region and a checker
};

/// Finds distances that cannot be, from the smallest RTTs: a device that answers a checker faster
/// than light could come back from the device's region; a device that answers two checkers so fast
/// that no place is near enough to both.
///
/// Result: a finding for each device and checker or pair of checkers. An honest device is in none,
///         as far as the places are right and the checkers' times are.
DistanceComparison FindImpossibleDistances(const std::vector<CheckerLog>& logs,
                                           const Geography& geography);

}  // namespace kaisar::audit
