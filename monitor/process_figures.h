#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace kaisar::monitor {

/// What this process uses, by the kernel's account.
struct ProcessFigures {
  double cpu_seconds = 0;         // user and system
  double start_time_seconds = 0;  // Unix time
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_files = 0;
  std::uint64_t most_open_files = 0;
};

/// Reads the figures of the calling process from /proc.
///
/// Errors: Internal when the kernel's files are not as proc(5) says.
absl::StatusOr<ProcessFigures> ReadProcessFigures();

/// The part of them that /proc/self/stat tells (`stat`), with the time of the system's start from
/// /proc/stat.
///
/// Errors: Internal, as above.
absl::StatusOr<ProcessFigures> ParseProcessStat(const std::string& stat,
                                                std::uint64_t boot_time_seconds,
                                                std::uint64_t ticks_per_second,
                                                std::uint64_t page_bytes);

}  // namespace kaisar::monitor
