#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "challenges/limits.h"
#include "challenges/policy.h"
#include "kaisar/v1/challenge.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::challenges {

/// The first second of a test is not counted: connections take that long to reach their rate.
///
/// Source: docs/protocol.md, Bandwidth.
inline constexpr std::uint32_t kUncountedSeconds = 1;
/// What a test may take beyond its seconds: to connect and authenticate; and to exchange results.
inline constexpr std::uint32_t kTestStartMs = 5'000;
inline constexpr std::uint32_t kTestFinishMs = 5'000;
inline constexpr std::size_t kMostBandwidthResultBytes = 32'768;
inline constexpr std::size_t kMostRsaPublicKeyBytes = 2'048;

/// What counts of a claimed rate: a policy names the most that a checker must be able to carry.
inline std::uint64_t CountedRate(std::uint64_t claimed, const BandwidthPolicy& policy) {
  return claimed < policy.counted_bits_per_second ? claimed : policy.counted_bits_per_second;
}

/// The rate that a test is sent at: a tenth above what counts, so that a device which reaches its
/// claim is seen to, and nobody's line is filled for more than that; at least kLeastSentRate.
inline std::uint64_t SentRate(std::uint64_t claimed, const BandwidthPolicy& policy) {
  const std::uint64_t counted = CountedRate(claimed, policy);
  return std::max(counted + counted / 10, kLeastSentRate);
}

/// The parameters of a device's bandwidth challenge: shorter while it is in service.
v1::BandwidthParams BandwidthParamsFor(const v1::Device& device, const BandwidthPolicy& policy);

/// How long one direction's test takes at most, in ms, from the checker's start to both results.
inline std::uint32_t MostTestMs(const v1::BandwidthParams& params) {
  return kTestStartMs + (kUncountedSeconds + params.seconds()) * 1000 + kTestFinishMs;
}

/// How long a whole bandwidth challenge takes at most, in ms, from sending it.
inline std::uint32_t MostBandwidthMs(const v1::BandwidthParams& params) {
  return params.open_ms() + 2 * (params.start_ms() + MostTestMs(params));
}

}  // namespace kaisar::challenges
