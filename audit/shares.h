#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "challenges/policy.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::audit {

// The arithmetic of a score's shares, in parts per million.
// Source: docs/protocol.md, Score.

inline constexpr std::uint32_t kWholeShare = 1'000'000;
inline constexpr std::uint32_t kMostScore = 200;

/// 10^6 · part / whole, at most 10^6; rounds down. `whole` > 0.
std::uint32_t ShareOf(std::uint64_t part, std::uint64_t whole);

std::uint32_t LatencyShare(std::uint32_t rtt_us, const challenges::LatencyPolicy& policy);

/// The smaller of both directions' shares of what counts of the device's claim.
std::uint32_t BandwidthShare(const v1::Device& device, std::uint64_t down_bits_per_second,
                             std::uint64_t up_bits_per_second,
                             const challenges::BandwidthPolicy& policy);

/// The shares of one device, in parts per million.
struct Shares {
  std::uint32_t availability_ppm = 0;
  std::uint32_t latency_ppm = 0;
  std::uint32_t compute_ppm = 0;
  std::uint32_t bandwidth_ppm = 0;
};

/// The share of a kind, and what it weighs with the others; at most compute, where that weighs.
std::uint32_t ShareOfKind(v1::Kind kind, const Shares& shares);
std::uint32_t QualityOf(const std::map<v1::Kind, challenges::KindPolicy>& kinds,
                        const Shares& shares);

/// floor(200 · floor(quality · availability / 10^6) / 10^6).
std::uint32_t ScoreOfShares(std::uint32_t quality_ppm, std::uint32_t availability_ppm);

/// The lower one of an even number; 0 for none.
template <typename T>
T LowerMedian(std::vector<T> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace kaisar::audit
