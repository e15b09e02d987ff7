#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "checker/doctor/finding.h"

namespace kaisar::checker {

/// What one endpoint of the chain answered.
struct RpcAnswer {
  std::string endpoint;          // without what may be a key
  absl::Status status;           // of reaching the right chain there
  std::uint64_t block = 0;       // the newest
  std::uint64_t block_s = 0;     // its time
  std::uint64_t latency_ms = 0;  // of one request
};

/// What a server says of our clock: how far it is behind, in microseconds.
struct NtpAnswer {
  std::string server;
  absl::StatusOr<std::int64_t> behind_us;
};

struct Reached {
  std::size_t devices = 0;            // in the roster
  std::size_t tried = 0;              // of them
  std::vector<std::uint32_t> silent;  // ids that accepted no connection
};

/// Each is pure. Endpoints of the chain: one finding each, and one of their number.
Findings CheckRpc(const std::vector<RpcAnswer>& answers, std::uint64_t now_ms);
/// `step_ms` is the policy's clock_step_ms. With neither a block nor a server nothing is known.
Findings CheckClock(std::uint64_t now_ms, std::optional<std::uint64_t> newest_block_s,
                    const std::vector<NtpAnswer>& servers, std::uint32_t step_ms);
Finding CheckReached(const Reached& reached);

}  // namespace kaisar::checker
