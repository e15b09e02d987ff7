#include "audit/score.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/shares.h"
#include "challenges/bandwidth/throughput.h"
#include "challenges/latency/pings.h"
#include "challenges/roster.h"

namespace kaisar::audit {

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
      tally.down_rates.empty()
          ? 0
          // The median of shares is the share of the median: a share only grows with its rate.
          : BandwidthShare(device, score.median_down_bits_per_second,
                           score.median_up_bits_per_second, policy_.bandwidth);

  bool enough = false;
  if (const auto kinds = policy_.phases.find(device.phase()); kinds != policy_.phases.end()) {
    enough = !kinds->second.empty();
    for (const auto& [kind, policy] : kinds->second) {
      const auto conclusive = tally.conclusive.find(kind);
      const std::uint32_t have = conclusive == tally.conclusive.end() ? 0 : conclusive->second;
      enough = enough && have >= policy.least_evidence;
    }
    score.quality_ppm = QualityOf(kinds->second, {score.availability_ppm, score.latency_ppm,
                                                  score.compute_ppm, score.bandwidth_ppm});
  }
  if (score.proof_invalid) {
    score.score = 0;
  } else if (enough) {
    score.score =
        static_cast<std::uint8_t>(ScoreOfShares(score.quality_ppm, score.availability_ppm));
  }
  score.explanation = Explain(device, tally, score);
  return score;
}

}  // namespace kaisar::audit
