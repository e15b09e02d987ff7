#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "challenges/plan.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// Knows when an endpoint (`host:port` of the roster; several devices may share one) is asked
/// latency or matmul, so that a bandwidth test can keep away from it: what is open there now, and
/// what the plan holds.
///
/// Threads: one at a time.
/// Cost:    4 bytes per challenge of the plan; nothing when it asks no bandwidth.
class EndpointCalendar {
 public:
  EndpointCalendar(const v1::Roster& roster, const std::vector<challenges::PlannedChallenge>& plan);

  /// The number of the device's endpoint among those that are asked bandwidth; it must be asked.
  std::uint32_t EndpointOf(std::uint32_t device) const { return entry_of_.at(device); }

  /// Something that a test must not meet begins or ends at a device.
  void Begin(std::uint32_t device);
  void End(std::uint32_t device);

  /// Whether anything is open at the device's endpoint.
  bool IsBusy(std::uint32_t device) const;
  /// When the first challenge, latency or matmul, falls due there at `from_ms` or later.
  std::optional<std::uint32_t> NextDue(std::uint32_t device, std::uint64_t from_ms) const;

  /// The latest median RTT that was measured at a device of the endpoint; 0 before the first one.
  void NoteRtt(std::uint32_t device, std::uint32_t rtt_us);
  std::uint32_t RttUs(std::uint32_t device) const;

 private:
  struct Entry {
    std::vector<std::uint32_t> due_ms;  // ascending
    std::uint32_t open = 0;
    std::uint32_t rtt_us = 0;
  };
  Entry* Find(std::uint32_t device);
  const Entry* Find(std::uint32_t device) const;

  absl::flat_hash_map<std::uint32_t, std::uint32_t> entry_of_;  // by device
  std::vector<Entry> entries_;
};

}  // namespace kaisar::checker
