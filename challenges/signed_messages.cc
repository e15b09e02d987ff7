#include "challenges/signed_messages.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "challenges/bandwidth/terms.h"
#include "challenges/limits.h"
#include "challenges/roster.h"

namespace kaisar::challenges {
namespace {

constexpr absl::string_view kChallengeType =
    "Challenge(bytes32 challengeId,uint32 epoch,uint32 slot,uint32 device,uint8 kind,bytes32 seed,"
    "bytes32 paramsHash,uint64 expiresAtMs)";
constexpr absl::string_view kMatmulCommitmentType =
    "MatmulCommitment(bytes32 challengeId,bytes32 challengeDigest,bytes32 commitment)";
constexpr absl::string_view kMatmulOpeningType =
    "MatmulOpening(bytes32 challengeId,bytes32 commitment,bytes32 openingHash)";
constexpr absl::string_view kPingTranscriptType =
    "PingTranscript(bytes32 challengeId,bytes32 challengeDigest,bytes32 noncesHash)";
constexpr absl::string_view kBandwidthTranscriptType =
    "BandwidthTranscript(bytes32 challengeId,bytes32 challengeDigest,bytes32 resultsHash)";

/// Four small and two large varint fields need at most 46 bytes; more is not looked at.
constexpr std::size_t kMostParamsBytes = 64;

Digest ThreeWordDigest(const SigningDomain& domain, const Digest& type, const Digest& first,
                       const Digest& second, const Digest& third) {
  StructHasher hasher(type);
  hasher.Bytes32(first).Bytes32(second).Bytes32(third);
  return TypedDigest(domain, hasher.Finish());
}

absl::Status CheckSize(absl::string_view field, const std::string& bytes, std::size_t expected) {
  if (bytes.size() == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", bytes.size(), " bytes, expected ", expected));
}

absl::Status CheckRange(absl::string_view field, std::uint64_t value, std::uint64_t least,
                        std::uint64_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ", expected ", least, " to ", most));
}

/// Parses parameters that say nothing but what `Params` knows.
template <typename Params>
absl::StatusOr<Params> ParseParams(const std::string& bytes) {
  Params params;
  if (!params.ParseFromString(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("params of ", bytes.size(), " bytes do not parse"));
  }
  if (!params.GetReflection()->GetUnknownFields(params).empty()) {
    return absl::InvalidArgumentError("params have unknown fields");
  }
  return params;
}

absl::Status ValidateMatmul(const std::string& bytes) {
  ASSIGN_OR_RETURN(const v1::MatmulParams params, ParseParams<v1::MatmulParams>(bytes));
  RETURN_IF_ERROR(CheckRange("n", params.n(), kLeastMatmulSize, kMostMatmulSize));
  if ((params.n() & (params.n() - 1)) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("n is ", params.n(), ", expected a power of two"));
  }
  RETURN_IF_ERROR(CheckRange("rounds", params.rounds(), 1, kMostMatmulRounds));
  return CheckRange("samples", params.samples(), 1, kMostMatmulSamples);
}

absl::Status CheckNoSeed(const v1::Challenge& challenge, absl::string_view kind) {
  if (challenge.seed() == std::string(32, '\0')) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("seed of a ", kind, " challenge is not zero"));
}

absl::Status ValidateLatency(const v1::Challenge& challenge, const std::string& bytes) {
  RETURN_IF_ERROR(CheckNoSeed(challenge, "latency"));
  ASSIGN_OR_RETURN(const v1::LatencyParams params, ParseParams<v1::LatencyParams>(bytes));
  RETURN_IF_ERROR(CheckRange("pings", params.pings(), 1, kMostPings));
  return CheckRange("spacing_ms", params.spacing_ms(), 0, kMostPingSpacingMs);
}

absl::Status ValidateBandwidth(const v1::Challenge& challenge, const std::string& bytes) {
  RETURN_IF_ERROR(CheckNoSeed(challenge, "bandwidth"));
  ASSIGN_OR_RETURN(const v1::BandwidthParams params, ParseParams<v1::BandwidthParams>(bytes));
  RETURN_IF_ERROR(CheckRange("seconds", params.seconds(), 1, kMostTestSeconds));
  RETURN_IF_ERROR(CheckRange("streams", params.streams(), 1, kMostTestStreams));
  RETURN_IF_ERROR(CheckRange("down_bits_per_second", params.down_bits_per_second(), kLeastSentRate,
                             kMostSentRate));
  RETURN_IF_ERROR(
      CheckRange("up_bits_per_second", params.up_bits_per_second(), kLeastSentRate, kMostSentRate));
  RETURN_IF_ERROR(CheckRange("open_ms", params.open_ms(), 1, kMostTestWaitMs));
  return CheckRange("start_ms", params.start_ms(), 1, kMostTestWaitMs);
}

/// The parameters' bytes, and what the kind's own deadlines add to the expiry.
struct Terms {
  std::string params;
  std::uint64_t deadlines_ms = 0;
};

Terms LatencyTerms(const Policy& policy) {
  v1::LatencyParams params;
  params.set_pings(policy.latency.pings);
  params.set_spacing_ms(policy.latency.spacing_ms);
  return {params.SerializeAsString(), policy.latency.deadline_ms};
}

Terms MatmulTerms(const v1::Device& device, const Policy& policy) {
  const auto found = policy.classes.find(device.device_class());
  KAISAR_CHECK(found != policy.classes.end());  // ValidateRoster saw to it
  const ClassPolicy& asked = found->second;
  v1::MatmulParams params;
  params.set_n(asked.n);
  params.set_rounds(asked.rounds);
  params.set_samples(policy.samples);
  return {params.SerializeAsString(),
          std::uint64_t{asked.commitment_deadline_ms} + asked.opening_deadline_ms};
}

Terms BandwidthTerms(const v1::Device& device, const Policy& policy) {
  const v1::BandwidthParams params = BandwidthParamsFor(device, policy.bandwidth);
  return {params.SerializeAsString(), MostBandwidthMs(params)};
}

Terms TermsOf(v1::Kind kind, const v1::Device& device, const Policy& policy) {
  switch (kind) {
    case v1::LATENCY:
      return LatencyTerms(policy);
    case v1::BANDWIDTH:
      return BandwidthTerms(device, policy);
    default:
      KAISAR_CHECK(kind == v1::MATMUL);  // a plan has no others
      return MatmulTerms(device, policy);
  }
}

}  // namespace

Digest ChallengeDigest(const SigningDomain& domain, const v1::Challenge& challenge) {
  static const Digest type = TypeHash(kChallengeType);
  StructHasher hasher(type);
  hasher.Bytes32(ToDigest(challenge.challenge_id()))
      .Uint(challenge.epoch())
      .Uint(challenge.slot())
      .Uint(challenge.device())
      .Uint(static_cast<std::uint8_t>(challenge.kind()))
      .Bytes32(ToDigest(challenge.seed()))
      .Bytes32(ToDigest(challenge.params_hash()))
      .Uint(challenge.expires_at_ms());
  return TypedDigest(domain, hasher.Finish());
}

Digest MatmulCommitmentDigest(const SigningDomain& domain, const Digest& challenge_id,
                              const Digest& challenge_digest, const Digest& commitment) {
  static const Digest type = TypeHash(kMatmulCommitmentType);
  return ThreeWordDigest(domain, type, challenge_id, challenge_digest, commitment);
}

Digest MatmulOpeningDigest(const SigningDomain& domain, const Digest& challenge_id,
                           const Digest& commitment, const Digest& opening_hash) {
  static const Digest type = TypeHash(kMatmulOpeningType);
  return ThreeWordDigest(domain, type, challenge_id, commitment, opening_hash);
}

Digest PingTranscriptDigest(const SigningDomain& domain, const Digest& challenge_id,
                            const Digest& challenge_digest, const Digest& nonces_hash) {
  static const Digest type = TypeHash(kPingTranscriptType);
  return ThreeWordDigest(domain, type, challenge_id, challenge_digest, nonces_hash);
}

Digest BandwidthTranscriptDigest(const SigningDomain& domain, const Digest& challenge_id,
                                 const Digest& challenge_digest, const Digest& results_hash) {
  static const Digest type = TypeHash(kBandwidthTranscriptType);
  return ThreeWordDigest(domain, type, challenge_id, challenge_digest, results_hash);
}

Digest BandwidthResultsHash(const std::string& down, const std::string& up) {
  Bytes hashes;
  Append(hashes, Sha256(ViewOf(down)));
  Append(hashes, Sha256(ViewOf(up)));
  return Sha256(hashes);
}

v1::SignedChallenge MakeChallenge(const EpochKey& key, const EpochScope& scope,
                                  std::uint64_t beacon_ms, const PlannedChallenge& planned,
                                  const v1::Device& device, const Policy& policy) {
  Terms terms = TermsOf(planned.kind, device, policy);
  const Digest id = ChallengeId(scope, planned);
  const Digest seed = planned.kind == v1::MATMUL ? ChallengeSeed(key, id) : Digest{};

  v1::SignedChallenge made;
  v1::Challenge& challenge = *made.mutable_challenge();
  challenge.set_challenge_id(ToString(id));
  challenge.set_epoch(scope.epoch);
  challenge.set_slot(scope.slot);
  challenge.set_device(planned.device);
  challenge.set_kind(planned.kind);
  challenge.set_seed(ToString(seed));
  challenge.set_params_hash(ToString(Sha256(ViewOf(terms.params))));
  challenge.set_expires_at_ms(beacon_ms + planned.due_ms + policy.slack_ms + terms.deadlines_ms);
  made.set_params(std::move(terms.params));
  return made;
}

void SignChallenge(const SigningKey& key, const SigningDomain& domain,
                   v1::SignedChallenge& challenge) {
  challenge.set_signature(ToString(key.Sign(ChallengeDigest(domain, challenge.challenge()))));
}

absl::Status ValidateChallenge(const v1::SignedChallenge& signed_challenge) {
  const v1::Challenge& challenge = signed_challenge.challenge();
  const std::string& params = signed_challenge.params();
  RETURN_IF_ERROR(CheckSize("signature", signed_challenge.signature(), 65));
  RETURN_IF_ERROR(CheckSize("challenge_id", challenge.challenge_id(), 32));
  RETURN_IF_ERROR(CheckSize("seed", challenge.seed(), 32));
  RETURN_IF_ERROR(CheckSize("params_hash", challenge.params_hash(), 32));
  RETURN_IF_ERROR(CheckRange("device", challenge.device(), 0, kMostDeviceId));
  if (params.size() > kMostParamsBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("params are ", params.size(), " bytes, limit ", kMostParamsBytes));
  }
  if (ToDigest(challenge.params_hash()) != Sha256(ViewOf(params))) {
    return absl::InvalidArgumentError("params_hash is not the hash of params");
  }
  switch (challenge.kind()) {
    case v1::LATENCY:
      return ValidateLatency(challenge, params);
    case v1::BANDWIDTH:
      return ValidateBandwidth(challenge, params);
    case v1::MATMUL:
      return ValidateMatmul(params);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("kind is ", static_cast<int>(challenge.kind()),
                       ", expected 1 (latency), 2 (bandwidth) or 3 (matmul)"));
  }
}

bool IsSignedBy(const Address& signer, const SigningDomain& domain,
                const v1::SignedChallenge& challenge) {
  return SignedBy(signer, ChallengeDigest(domain, challenge.challenge()),
                  ViewOf(challenge.signature()));
}

v1::MatmulParams MatmulParamsOf(const v1::SignedChallenge& challenge) {
  v1::MatmulParams params;
  KAISAR_CHECK(params.ParseFromString(challenge.params()));
  return params;
}

v1::LatencyParams LatencyParamsOf(const v1::SignedChallenge& challenge) {
  v1::LatencyParams params;
  KAISAR_CHECK(params.ParseFromString(challenge.params()));
  return params;
}

v1::BandwidthParams BandwidthParamsOf(const v1::SignedChallenge& challenge) {
  v1::BandwidthParams params;
  KAISAR_CHECK(params.ParseFromString(challenge.params()));
  return params;
}

}  // namespace kaisar::challenges
