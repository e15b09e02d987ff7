#include "audit/shares.h"

#include "absl/numeric/int128.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::audit {

std::uint32_t ShareOf(std::uint64_t part, std::uint64_t whole) {
  if (part >= whole) return kWholeShare;
  return static_cast<std::uint32_t>(absl::uint128(part) * kWholeShare / whole);
}

std::uint32_t LatencyShare(std::uint32_t rtt_us, const challenges::LatencyPolicy& policy) {
  if (rtt_us <= policy.target_us) return kWholeShare;
  if (rtt_us >= policy.limit_us) return 0;
  return ShareOf(policy.limit_us - rtt_us, policy.limit_us - policy.target_us);
}

std::uint32_t BandwidthShare(const v1::Device& device, std::uint64_t down_bits_per_second,
                             std::uint64_t up_bits_per_second,
                             const challenges::BandwidthPolicy& policy) {
  return std::min(
      ShareOf(down_bits_per_second, challenges::CountedRate(device.down_bits_per_second(), policy)),
      ShareOf(up_bits_per_second, challenges::CountedRate(device.up_bits_per_second(), policy)));
}

std::uint32_t ShareOfKind(v1::Kind kind, const Shares& shares) {
  switch (kind) {
    case v1::LATENCY:
      return shares.latency_ppm;
    case v1::BANDWIDTH:
      return shares.bandwidth_ppm;
    default:
      return shares.compute_ppm;
  }
}

std::uint32_t QualityOf(const std::map<v1::Kind, challenges::KindPolicy>& kinds,
                        const Shares& shares) {
  std::uint64_t weights = 0, weighted = 0;
  bool computes = false;
  for (const auto& [kind, policy] : kinds) {
    computes = computes || (kind == v1::MATMUL && policy.weight > 0);
    weights += policy.weight;
    weighted += std::uint64_t{policy.weight} * ShareOfKind(kind, shares);
  }
  const auto quality = weights == 0 ? 0 : static_cast<std::uint32_t>(weighted / weights);
  // Pay is in proportion to the claim: no other share may make up for a rate that is not there.
  return computes ? std::min(quality, shares.compute_ppm) : quality;
}

std::uint32_t ScoreOfShares(std::uint32_t quality_ppm, std::uint32_t availability_ppm) {
  const std::uint64_t worth = std::uint64_t{quality_ppm} * availability_ppm / kWholeShare;
  return static_cast<std::uint32_t>(kMostScore * worth / kWholeShare);
}

}  // namespace kaisar::audit
