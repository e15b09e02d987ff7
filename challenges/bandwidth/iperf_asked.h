#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "challenges/bandwidth/iperf_process.h"

namespace kaisar::challenges {

/// A block is what libiperf sends before it looks at the rate again, so the most of one is what a
/// stream may run ahead by.
inline constexpr std::uint64_t kLeastBlockBytes = 4'096;   // a page
inline constexpr std::uint64_t kMostBlockBytes = 131'072;  // libiperf's own default

/// What a client asks of libiperf's server, which does as it is told.
///
/// Source: the parameters of libiperf 3.12's control connection.
struct AskedTest {
  bool tcp = true;
  bool reverse = false;  // the server sends
  std::int64_t seconds = 0;
  std::int64_t omitted_seconds = 0;
  std::int64_t streams = 0;
  std::uint64_t stream_bits_per_second = 0;  // 0: as fast as it goes
  std::int64_t block_bytes = 0;
  std::uint64_t bytes = 0;   // to end after; 0: none
  std::uint64_t blocks = 0;  // the same
  std::int64_t burst = 0;    // blocks that are sent without a look at the rate
  std::int64_t window_bytes = 0;
  std::int64_t segment_bytes = 0;
};

/// Checks that a client which has proved itself asks for no more than the server's task, whose
/// direction may be left out.
///
/// Errors: PermissionDenied with what was asked and what is allowed.
absl::Status ValidateAsked(const AskedTest& asked, const IperfTask& task);

}  // namespace kaisar::challenges
