#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "audit/proof_choice.h"
#include "audit/recompute.h"
#include "base/bytes.h"

namespace kaisar::audit {

/// What came of doing the work of some proofs again.
struct FromScratch {
  Digest choice_seed{};
  std::string engine;               // what did it
  std::vector<PassedProof> proofs;  // in the order of the log
  std::vector<bool> holds;          // of each: all of its roots are what the work gives
  std::vector<std::string> differences;
};

/// Does all the work of each proof and compares every root: where samples show a proof with some
/// probability, this settles it. A wrong root is a difference that names the record, the device,
/// the round and both roots; `progress` is told which proof is under way and how many of its rounds
/// are done.
///
/// Errors: ResourceExhausted.
/// Cost:   2·n³·R operations a proof.
absl::StatusOr<FromScratch> DoAgain(
    std::vector<PassedProof> proofs, const Digest& choice_seed, Recomputer& recomputer,
    const std::function<void(std::size_t proof, std::uint32_t rounds)>& progress);

}  // namespace kaisar::audit
