#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "challenges/device_class.h"
#include "kaisar/v1/challenge.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::challenges {

/// What a device in one phase is asked of one kind, per epoch and slot.
struct KindPolicy {
  std::uint32_t count = 0;   // challenges per epoch, 1 to 65536
  std::uint32_t weight = 0;  // of the kind's share in the quality, 0 to 1000
  std::uint32_t least_evidence =
      0;  // conclusive challenges without which the device is not reported
};

struct LatencyPolicy {
  std::uint32_t pings = 0;
  std::uint32_t spacing_ms = 0;
  std::uint32_t deadline_ms = 0;  // for the whole challenge, from sending it
  std::uint32_t target_us = 0;
  std::uint32_t limit_us = 0;  // > target_us
};

struct BandwidthPolicy {
  std::uint32_t seconds = 0;  // counted, of each direction
  std::uint32_t in_service_seconds =
      0;  // the same while a customer has the device; at most seconds
  std::uint32_t streams = 0;
  std::uint32_t open_deadline_ms = 0;   // from sending the challenge until the device listens
  std::uint32_t start_deadline_ms = 0;  // from then until the checker's line is free, per direction
  std::uint64_t counted_bits_per_second = 0;  // a claim counts up to this; checkers must carry it
};

/// The network's policy; its exact bytes are in the log.
///
/// Source: docs/protocol.md, Policy; docs/policy.md lists the keys.
struct Policy {
  std::uint32_t samples = 0;                 // k
  std::uint32_t slack_ms = 0;                // sent later than this after due: CHECKER_OVERLOADED
  std::uint32_t guard_ms = 0;                // nothing is due this close to the end of the epoch
  std::uint32_t registration_window_ms = 0;  // devices in REGISTERING draw from this instead
  std::uint32_t clock_step_ms = 0;           // more drift within one challenge: CLOCK_STEPPED
  LatencyPolicy latency;
  BandwidthPolicy bandwidth;  // all 0 when no phase asks it
  std::map<std::string, ClassPolicy> classes;
  /// Absent: the kind is not asked in that phase.
  std::map<v1::Phase, std::map<v1::Kind, KindPolicy>> phases;

  /// Null when the phase does not ask this kind.
  const KindPolicy* Find(v1::Phase phase, v1::Kind kind) const;
};

/// Reads a policy file.
///
/// Errors: InvalidArgument, one line: file, line, key, value and what was expected.
absl::StatusOr<Policy> ParsePolicy(const std::string& file, const std::string& yaml);

}  // namespace kaisar::challenges
