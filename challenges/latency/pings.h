#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "challenges/randomness.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::challenges {

using PingNonce = std::array<std::uint8_t, 8>;

/// The nonces of one latency challenge, in the order of sending.
std::vector<PingNonce> PingNonces(const EpochKey& key, const Digest& challenge_id,
                                  std::uint32_t count);

/// SHA-256 of the echoed nonces in the order received; what the device signs.
///
/// Errors: FailedPrecondition when an echo names a ping that was not sent, or one twice.
absl::StatusOr<Digest> NoncesHash(const std::vector<PingNonce>& nonces,
                                  const v1::LatencyEvidence& evidence);

/// RTTs of one challenge, in µs; zero when nothing came back.
struct RttSummary {
  std::uint32_t smallest_us = 0;
  std::uint32_t median_us = 0;  // the lower one of an even number
  std::uint32_t p95_us = 0;     // the smallest value that at least 95 % do not exceed
  std::uint32_t lost = 0;
};
RttSummary Summarize(const v1::LatencyEvidence& evidence, std::uint32_t pings);

}  // namespace kaisar::challenges
