#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "challenges/judge.h"
#include "challenges/policy.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// How one device did in one epoch. Shares are parts per million.
struct DeviceScore {
  std::uint32_t device = 0;
  std::uint32_t passed = 0;
  std::uint32_t failed = 0;
  std::uint32_t inconclusive = 0;
  std::map<v1::Reason, std::uint32_t> reasons;  // of failed and inconclusive ones

  std::uint32_t availability_ppm = 0;
  std::uint32_t latency_ppm = 0;
  std::uint32_t compute_ppm = 0;
  std::uint32_t bandwidth_ppm = 0;
  std::uint32_t quality_ppm = 0;
  std::uint32_t median_rtt_us = 0;          // median of the median RTTs
  std::uint64_t median_ops_per_second = 0;  // over matmul challenges, failed ones 0
  // Over bandwidth challenges, failed ones 0.
  std::uint64_t median_down_bits_per_second = 0;
  std::uint64_t median_up_bits_per_second = 0;
  bool proof_invalid = false;  // one of these makes the score 0
  /// Absent: too little evidence of some kind, so the device is left out of the report.
  std::optional<std::uint8_t> score;  // 0 … 200
  /// In words, why the score is below 200 or absent; empty when there is nothing to say.
  std::string explanation;
};

/// Gathers what the closed challenges of an epoch say and computes the scores: a pure integer
/// function of the log.
///
/// Result: a PROOF_INVALID makes the score 0 even where evidence is too little otherwise; the
///         latency share counts answered challenges alone, as the others have no RTT. Bandwidth is
///         read from the raw results in the record; what cannot be read counts 0.
/// Cost:   12 bytes per conclusive challenge, 24 of bandwidth.
/// Source: docs/protocol.md, Score.
class Scorer {
 public:
  /// `roster` (as ValidateRoster accepts it) and `policy` must outlive the scorer.
  Scorer(const v1::Roster& roster, const challenges::Policy& policy);
  /// Counts one closed challenge by its verdict; `commitment` is null unless one was recorded.
  /// Devices that are not in the roster are left aside.
  void Add(const v1::ChallengeClosed& closed, const v1::CommitmentReceived* commitment);
  /// One entry per device of the roster, ascending ids.
  std::vector<DeviceScore> Scores() const;

 private:
  struct Tally {
    DeviceScore counts;
    std::vector<std::uint32_t> median_rtts_us;
    std::vector<std::uint32_t> compute_shares_ppm;
    std::vector<std::uint64_t> rates;
    std::vector<std::uint64_t> down_rates;
    std::vector<std::uint64_t> up_rates;
    std::uint32_t answered = 0;
    std::uint32_t unanswered = 0;
    std::map<v1::Kind, std::uint32_t> conclusive;
  };
  void AddMatmul(const v1::ChallengeClosed& closed, const v1::CommitmentReceived* commitment,
                 Tally& tally) const;
  static void AddBandwidth(const v1::ChallengeClosed& closed, Tally& tally);
  DeviceScore ScoreOf(const v1::Device& device, const Tally& tally) const;
  std::string Explain(const v1::Device& device, const Tally& tally, const DeviceScore& score) const;

  const v1::Roster& roster_;
  const challenges::Policy& policy_;
  std::map<std::uint32_t, Tally> tallies_;
};

}  // namespace kaisar::audit
