#pragma once

#include <cstdint>
#include <vector>

#include "audit/keyed_epoch.h"
#include "audit/record_check.h"
#include "base/bytes.h"
#include "challenges/matmul/samples.h"
#include "challenges/plan.h"
#include "challenges/randomness.h"

namespace kaisar::audit {

/// A matmul proof that passed: what is needed to do its work again.
struct PassedProof {
  std::uint64_t index = 0;  // of the record that closes it
  challenges::PlannedChallenge planned;
  Digest id{};
  Digest seed{};
  challenges::MatmulShape shape;
  std::vector<Digest> roots;  // as committed

  /// That of a closing record whose proof was checked, and is right.
  static PassedProof Of(const KeyedEpoch& epoch, const RecordCheck& check);
};

/// Chooses some of the proofs of a log while it is read, each with the same probability.
///
/// Cost: one draw a proof; keeps the chosen ones.
class ProofChoice {
 public:
  /// The same seed chooses the same proofs of the same log.
  ProofChoice(std::uint32_t count, const Digest& seed) : count_(count), stream_(seed) {}

  /// Whether the next proof of the log is chosen, for now; then Take must follow.
  bool Takes();
  void Take(PassedProof proof) { chosen_[place_] = std::move(proof); }

  /// In the order of the log.
  std::vector<PassedProof> Chosen() const;

 private:
  const std::uint32_t count_;
  challenges::Stream stream_;
  std::uint64_t offered_ = 0;
  std::size_t place_ = 0;
  std::vector<PassedProof> chosen_;
};

}  // namespace kaisar::audit
