#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kaisar::checker {

/// The newest report on this machine's disk.
struct LastReport {
  std::uint32_t epoch = 0;
  std::uint64_t devices = 0;  // that the slot was to score
  std::uint64_t scored = 0;   // the others are left out
};

/// Null when there is none, or it cannot be read: it is for who looks, and what needs it says why.
///
/// Cost: reads a folder, a report, and the first record of a log.
std::optional<LastReport> ReadLastReport(const std::string& data_dir);

}  // namespace kaisar::checker
