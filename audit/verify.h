#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "audit/descriptions.h"
#include "audit/logged_challenges.h"
#include "audit/proof_choice.h"
#include "audit/score.h"
#include "audit/slot_facts.h"
#include "base/bytes.h"

namespace kaisar::audit {

struct VerifyResult {
  /// What does not hold, one line each, the first ones; empty when all holds.
  std::vector<std::string> differences;
  std::uint64_t difference_count = 0;
  std::uint64_t records = 0;
  std::uint64_t challenges = 0;
  std::uint64_t signatures_checked = 0;
  std::uint64_t samples_checked = 0;
  OpenedEpoch epoch;           // empty when nothing could be recomputed, as are the scores
  std::optional<Digest> root;  // of the log; null when it is damaged
  std::vector<DeviceScore> scores;
  /// What could not be compared with the chain, and why.
  std::vector<std::string> notes;
  std::vector<PassedProof> chosen;  // proofs, as asked for
  Descriptions descriptions;        // the devices' own words; nothing above depends on them
};

struct VerifyOptions {
  /// Threads to verify with; what comes out does not depend on it.
  int threads = 1;
  /// Told now and then how many records are verified, and how many the log says to have.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
  /// What the chain says of the slot's epoch; null: nothing is compared with a chain.
  const SlotFacts* chain = nullptr;
  /// Told every challenge of the plan that the log closes, once, in the order of the log, with the
  /// verdict and the reason that it should have.
  std::function<void(const challenges::Policy&, const LoggedChallenge&)> each;
  /// How many of the proofs that passed are chosen, and what decides which.
  std::uint32_t choose_proofs = 0;
  Digest choice_seed{};
};

/// Recomputes root, plan, seeds, samples, every signature, every proof, every verdict, every score
/// and the report from the two files alone; where the chain's facts are given, compares with them.
///
/// Errors: only when a file cannot be read at all; anything that does not hold is a difference.
/// Cost:   under 200 MB of memory for a log of 10 GB.
absl::StatusOr<VerifyResult> Verify(const std::string& log_path, const std::string& report_path,
                                    const VerifyOptions& options = {});

}  // namespace kaisar::audit
