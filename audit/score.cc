#include "audit/score.h"

#include <algorithm>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/bandwidth/throughput.h"
#include "challenges/latency/pings.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

constexpr std::uint32_t kWhole = 1'000'000;  // parts per million
constexpr std::uint32_t kMostScore = 200;

/// 10^6 · part / whole, at most 10^6; rounds down. `whole` > 0.
std::uint32_t ShareOf(std::uint64_t part, std::uint64_t whole) {
  if (part >= whole) return kWhole;
  return static_cast<std::uint32_t>(absl::uint128(part) * kWhole / whole);
}

/// The lower one of an even number; 0 for none.
template <typename T>
T LowerMedian(std::vector<T> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::uint32_t LatencyShare(std::uint32_t rtt_us, const challenges::LatencyPolicy& policy) {
  if (rtt_us <= policy.target_us) return kWhole;
  if (rtt_us >= policy.limit_us) return 0;
  return ShareOf(policy.limit_us - rtt_us, policy.limit_us - policy.target_us);
}

/// The median of shares is the share of the median: a share only ever grows with its rate.
std::uint32_t BandwidthShare(const v1::Device& device, const DeviceScore& score,
                             const challenges::BandwidthPolicy& policy) {
  return std::min(ShareOf(score.median_down_bits_per_second,
                          challenges::CountedRate(device.down_bits_per_second(), policy)),
                  ShareOf(score.median_up_bits_per_second,
                          challenges::CountedRate(device.up_bits_per_second(), policy)));
}

std::uint32_t ShareOfKind(v1::Kind kind, const DeviceScore& score) {
  switch (kind) {
    case v1::LATENCY:
      return score.latency_ppm;
    case v1::BANDWIDTH:
      return score.bandwidth_ppm;
    default:
      return score.compute_ppm;
  }
}

}  // namespace

Scorer::Scorer(const v1::Roster& roster, const challenges::Policy& policy)
    : roster_(roster), policy_(policy) {
  for (const v1::Device& device : roster.devices()) {
    tallies_[device.id()].counts.device = device.id();
  }
}

void Scorer::Add(const v1::ChallengeClosed& closed, const v1::CommitmentReceived* commitment) {
  const auto found = tallies_.find(closed.device());
  if (found == tallies_.end()) return;
  Tally& tally = found->second;
  if (closed.reason() != v1::NONE) ++tally.counts.reasons[closed.reason()];
  if (closed.verdict() != v1::PASS && closed.verdict() != v1::FAIL) {
    ++tally.counts.inconclusive;
    return;
  }
  const bool passed = closed.verdict() == v1::PASS;
  ++(passed ? tally.counts.passed : tally.counts.failed);
  ++tally.conclusive[closed.kind()];
  if (closed.reason() == v1::PROOF_INVALID) tally.counts.proof_invalid = true;
  if (closed.kind() == v1::LATENCY) {
    ++(passed ? tally.answered : tally.unanswered);
    if (passed) {
      tally.median_rtts_us.push_back(
          challenges::Summarize(closed.latency(), policy_.latency.pings).median_us);
    }
  } else if (closed.kind() == v1::BANDWIDTH) {
    AddBandwidth(closed, tally);
  } else if (closed.kind() == v1::MATMUL) {
    AddMatmul(closed, commitment, tally);
  }
}

void Scorer::AddMatmul(const v1::ChallengeClosed& closed, const v1::CommitmentReceived* commitment,
                       Tally& tally) const {
  const v1::Device& device = *challenges::FindDevice(roster_, closed.device());
  const auto asked = policy_.classes.find(device.device_class());
  std::uint64_t rate = 0;
  if (closed.verdict() == v1::PASS && commitment != nullptr && asked != policy_.classes.end()) {
    rate = challenges::MatmulRate({asked->second.n, asked->second.rounds}, *commitment);
  }
  tally.rates.push_back(rate);
  tally.compute_shares_ppm.push_back(ShareOf(rate, device.ops_per_second()));
}

void Scorer::AddBandwidth(const v1::ChallengeClosed& closed, Tally& tally) {
  challenges::BandwidthRates rates;
  if (closed.verdict() == v1::PASS) {
    rates = challenges::RatesOf(closed.bandwidth()).value_or(rates);
  }
  tally.down_rates.push_back(rates.down_bits_per_second);
  tally.up_rates.push_back(rates.up_bits_per_second);
}

std::vector<DeviceScore> Scorer::Scores() const {
  std::vector<DeviceScore> scores;
  scores.reserve(tallies_.size());
  for (const v1::Device& device : roster_.devices()) {
    scores.push_back(ScoreOf(device, tallies_.at(device.id())));
  }
  return scores;
}

DeviceScore Scorer::ScoreOf(const v1::Device& device, const Tally& tally) const {
  DeviceScore score = tally.counts;
  const std::uint64_t asked = std::uint64_t{tally.answered} + tally.unanswered;
  score.availability_ppm = asked == 0 ? 0 : ShareOf(tally.answered, asked);
  score.median_rtt_us = LowerMedian(tally.median_rtts_us);
  score.latency_ppm =
      tally.median_rtts_us.empty() ? 0 : LatencyShare(score.median_rtt_us, policy_.latency);
  score.median_ops_per_second = LowerMedian(tally.rates);
  score.compute_ppm = LowerMedian(tally.compute_shares_ppm);
  score.median_down_bits_per_second = LowerMedian(tally.down_rates);
  score.median_up_bits_per_second = LowerMedian(tally.up_rates);
  score.bandwidth_ppm =
      tally.down_rates.empty() ? 0 : BandwidthShare(device, score, policy_.bandwidth);

  std::uint64_t weights = 0, weighted = 0;
  bool enough = false, computes = false;
  if (const auto kinds = policy_.phases.find(device.phase()); kinds != policy_.phases.end()) {
    enough = !kinds->second.empty();
    for (const auto& [kind, policy] : kinds->second) {
      const auto conclusive = tally.conclusive.find(kind);
      const std::uint32_t have = conclusive == tally.conclusive.end() ? 0 : conclusive->second;
      enough = enough && have >= policy.least_evidence;
      computes = computes || (kind == v1::MATMUL && policy.weight > 0);
      weights += policy.weight;
      weighted += std::uint64_t{policy.weight} * ShareOfKind(kind, score);
    }
  }
  score.quality_ppm = weights == 0 ? 0 : static_cast<std::uint32_t>(weighted / weights);
  // Pay is in proportion to the claim: no other share may make up for a rate that is not there.
  if (computes) score.quality_ppm = std::min(score.quality_ppm, score.compute_ppm);
  const std::uint64_t worth = std::uint64_t{score.quality_ppm} * score.availability_ppm / kWhole;
  if (score.proof_invalid) {
    score.score = 0;
  } else if (enough) {
    score.score = static_cast<std::uint8_t>(kMostScore * worth / kWhole);
  }
  score.explanation = Explain(device, tally, score);
  return score;
}

}  // namespace kaisar::audit
