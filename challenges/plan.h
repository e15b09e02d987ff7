#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "challenges/policy.h"
#include "challenges/randomness.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::challenges {

/// One challenge of the plan; its id, seed and parameters follow from this and the epoch key.
struct PlannedChallenge {
  std::uint32_t due_ms = 0;    // after the beacon
  std::uint32_t device = 0;    // id
  std::uint32_t sequence = 0;  // q
  v1::Kind kind = v1::KIND_UNSPECIFIED;
  friend bool operator==(const PlannedChallenge&, const PlannedChallenge&) = default;
};

/// What the plan is made for.
struct EpochScope {
  std::uint64_t chain_id = 0;
  std::uint32_t epoch = 0;
  std::uint32_t slot = 0;
  std::uint64_t epoch_ms = 0;  // from the beacon's timestamp to the end of the epoch
  Digest beacon{};
};

/// Makes the plan: a pure function, ordered by (due_ms, device, kind, q).
///
/// Errors: InvalidArgument when the epoch is not longer than the policy's guard time, or is longer
///         than 2^32 - 1 ms.
/// Cost:   10,000 devices with 368 challenges each in 2 s and 200 MB.
/// Source: docs/protocol.md, Plan.
absl::StatusOr<std::vector<PlannedChallenge>> MakePlan(const EpochKey& key, const EpochScope& scope,
                                                       const v1::Roster& roster,
                                                       const Policy& policy);

/// What the plan has for one device and kind: q = 0 … drawn − 1 and, where there is a muster, one
/// more. Enough to draw any of them alone.
struct PlanPart {
  std::uint32_t device = 0;
  v1::Kind kind = v1::KIND_UNSPECIFIED;
  std::uint32_t drawn = 0;
  std::optional<std::uint32_t> muster_ms;  // due time of q = drawn
  std::uint64_t window_ms = 0;             // what the others are drawn from
  Digest due_key{};                        // of the stream that they are drawn from

  std::uint32_t size() const { return drawn + (muster_ms.has_value() ? 1 : 0); }
};

/// The plan in parts, ordered by (device, kind).
///
/// Errors: as MakePlan.
absl::StatusOr<std::vector<PlanPart>> MakePlanParts(const EpochKey& key, const EpochScope& scope,
                                                    const v1::Roster& roster, const Policy& policy);

/// The challenge with sequence q < part.size().
///
/// Cost: 1 µs.
PlannedChallenge DrawPlanned(const PlanPart& part, std::uint32_t q);

Digest ChallengeId(const EpochScope& scope, const PlannedChallenge& planned);

/// D("seed", challenge_id); what a matmul challenge's matrices are made of.
Digest ChallengeSeed(const EpochKey& key, const Digest& challenge_id);

/// D("iperf", challenge_id); in hex, the password of a bandwidth challenge's tests.
Digest IperfPassword(const EpochKey& key, const Digest& challenge_id);

}  // namespace kaisar::challenges
