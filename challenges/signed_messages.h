#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "base/eip712.h"
#include "base/signing_key.h"
#include "challenges/plan.h"
#include "challenges/policy.h"
#include "challenges/randomness.h"
#include "kaisar/v1/challenge.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::challenges {

/// The EIP-712 digest of a challenge; every byte field must have its length (ValidateChallenge).
Digest ChallengeDigest(const SigningDomain& domain, const v1::Challenge& challenge);
Digest MatmulCommitmentDigest(const SigningDomain& domain, const Digest& challenge_id,
                              const Digest& challenge_digest, const Digest& commitment);
Digest MatmulOpeningDigest(const SigningDomain& domain, const Digest& challenge_id,
                           const Digest& commitment, const Digest& opening_hash);
Digest PingTranscriptDigest(const SigningDomain& domain, const Digest& challenge_id,
                            const Digest& challenge_digest, const Digest& nonces_hash);
Digest BandwidthTranscriptDigest(const SigningDomain& domain, const Digest& challenge_id,
                                 const Digest& challenge_digest, const Digest& results_hash);
/// SHA-256(SHA-256(down) || SHA-256(up)): what a bandwidth transcript is of.
Digest BandwidthResultsHash(const std::string& down, const std::string& up);

/// Makes the challenge that the plan calls for, unsigned. Both the checker and the auditor use it:
/// what is sent must equal what this gives.
///
/// Result: expires_at_ms = beacon_ms + due + slack + the kind's deadlines.
v1::SignedChallenge MakeChallenge(const EpochKey& key, const EpochScope& scope,
                                  std::uint64_t beacon_ms, const PlannedChallenge& planned,
                                  const v1::Device& device, const Policy& policy);

/// Adds the slot's signature.
void SignChallenge(const SigningKey& key, const SigningDomain& domain,
                   v1::SignedChallenge& challenge);

/// Checks a challenge's form: field lengths, kind, params hash, params within the protocol's
/// limits. Allocates nothing that depends on them. Not its signature.
///
/// Errors: InvalidArgument with the field, its value and the limit.
absl::Status ValidateChallenge(const v1::SignedChallenge& challenge);

/// Tells whether `signer` signed the challenge (of valid form).
bool IsSignedBy(const Address& signer, const SigningDomain& domain,
                const v1::SignedChallenge& challenge);

/// The parameters of a challenge that ValidateChallenge has accepted.
v1::MatmulParams MatmulParamsOf(const v1::SignedChallenge& challenge);
v1::LatencyParams LatencyParamsOf(const v1::SignedChallenge& challenge);
v1::BandwidthParams BandwidthParamsOf(const v1::SignedChallenge& challenge);

}  // namespace kaisar::challenges
