#include "challenges/judge.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"
#include "base/sha256.h"
#include "challenges/case.h"
#include "challenges/latency/pings.h"
#include "challenges/matmul/check.h"
#include "challenges/roster.h"
#include "challenges/signed_messages.h"

// The numbers are those of docs/judging.md.
namespace kaisar::challenges {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;

// Rules 1 to 4: the checker's own faults.
std::optional<Judgement> JudgeChecker(const Policy& policy, const Evidence& evidence) {
  const v1::ChallengeClosed& closed = *evidence.closed;
  if (closed.transport() == v1::NOT_SENT) {
    if (closed.sent_ms() == 0) return Inconclusive(v1::STOPPED, "the checker was down");
    return Inconclusive(
        v1::CHECKER_OVERLOADED,
        absl::StrCat("due at ", closed.due_ms(), " ms, given up at ", closed.sent_ms(), " ms"));
  }
  if (evidence.issued == nullptr) return Unusable("no challenge was issued");
  if (closed.sent_ms() > closed.due_ms() && closed.sent_ms() - closed.due_ms() > policy.slack_ms) {
    return Inconclusive(v1::CHECKER_OVERLOADED,
                        absl::StrCat("sent ", closed.sent_ms() - closed.due_ms(),
                                     " ms late, slack ", policy.slack_ms));
  }
  if (closed.transport() == v1::ABANDONED) {
    return Inconclusive(v1::CHECKER_OVERLOADED, "the checker was held up during the call");
  }
  const std::int64_t most = policy.clock_step_ms;
  if (closed.clock_step_ms() > most || closed.clock_step_ms() < -most) {
    return Inconclusive(
        v1::CLOCK_STEPPED,
        absl::StrCat("the clock stepped by ", closed.clock_step_ms(), " ms, limit ", most));
  }
  return std::nullopt;
}

/// Gathers the case, or says why the record is none.
absl::StatusOr<Case> MakeCase(const JudgeContext& context, const Evidence& evidence) {
  const v1::SignedChallenge& challenge = evidence.issued->challenge();
  const v1::Challenge& terms = challenge.challenge();
  const v1::ChallengeClosed& closed = *evidence.closed;
  if (absl::Status form = ValidateChallenge(challenge); !form.ok()) return form;
  if (closed.challenge_id() != terms.challenge_id() || closed.device() != terms.device() ||
      closed.kind() != terms.kind() || terms.slot() != context.slot) {
    return absl::InvalidArgumentError("it is not of the challenge that was issued");
  }
  const v1::Device* device = FindDevice(context.roster, terms.device());
  if (device == nullptr) return absl::InvalidArgumentError("the device is not in the roster");
  const auto asked = context.policy.classes.find(device->device_class());
  if (asked == context.policy.classes.end()) {
    return absl::InvalidArgumentError("the device's class is not in the policy");
  }
  Case found{context,
             challenge,
             evidence.commitment,
             closed,
             *device,
             asked->second,
             SigningDomain{context.roster.chain_id(), Address{}}};
  if (!CopyExactly(ViewOf(context.roster.contract()), found.domain.contract) ||
      !CopyExactly(ViewOf(device->key()), found.device_key)) {
    return absl::InvalidArgumentError("an address of the roster is not 20 bytes");
  }
  found.id = ToDigest(terms.challenge_id());
  found.digest = ChallengeDigest(found.domain, terms);
  return found;
}

// Rules 9 to 11.
Judgement JudgeLatency(const Case& c) {
  if (c.closed.transport() != v1::COMPLETED) return JudgeSilence(c);
  const v1::LatencyEvidence& evidence = c.closed.latency();
  if (!evidence.has_transcript()) return Unusable("the call completed without a transcript");
  const std::uint32_t pings = LatencyParamsOf(c.challenge).pings();
  const absl::StatusOr<Digest> hash = NoncesHash(PingNonces(c.context.key, c.id, pings), evidence);
  if (!hash.ok()) return Fail(v1::MALFORMED, std::string(hash.status().message()));
  if (!SignedBy(c.device_key, PingTranscriptDigest(c.domain, c.id, c.digest, *hash),
                ViewOf(evidence.transcript().signature()))) {
    return Fail(v1::SIGNATURE_INVALID, "the transcript is not signed by the device key");
  }
  const auto echoes = static_cast<std::uint32_t>(evidence.echoes_size());  // at most `pings`
  if (2 * echoes < pings) {
    return Fail(v1::TIMED_OUT, absl::StrCat(echoes, " of ", pings, " pings came back"));
  }
  return {v1::PASS, v1::NONE, ""};
}

bool IsSignedCommitment(const Case& c, const v1::MatmulCommitment& commitment) {
  Digest value{};
  return CopyExactly(ViewOf(commitment.commitment()), value) &&
         SignedBy(c.device_key, MatmulCommitmentDigest(c.domain, c.id, c.digest, value),
                  ViewOf(commitment.signature()));
}

// Rules 12 to 16. Gives the roots when the commitment stands.
std::variant<Judgement, std::vector<Digest>> JudgeCommitment(const Case& c,
                                                             const MatmulShape& shape) {
  const v1::MatmulCommitment& commitment = c.commitment->commitment();
  if (commitment.challenge_id() != c.challenge.challenge().challenge_id()) {
    return Fail(v1::MALFORMED, "the commitment names another challenge");
  }
  absl::StatusOr<std::vector<Digest>> checked = CheckCommitment(shape, commitment);
  if (checked.status().code() == absl::StatusCode::kInvalidArgument) {
    return Fail(v1::MALFORMED, std::string(checked.status().message()));
  }
  if (!IsSignedCommitment(c, commitment)) {
    return Fail(v1::SIGNATURE_INVALID, "the commitment is not signed by the device key");
  }
  const v1::MatmulCommitment& second = c.closed.matmul().second_commitment();
  if (second.commitment() != commitment.commitment() && IsSignedCommitment(c, second)) {
    return Fail(v1::PROOF_INVALID, "the device signed two different commitments");
  }
  if (c.commitment->elapsed_ns() > c.asked.commitment_deadline_ms * kNsPerMs) {
    return Fail(v1::COMMITMENT_LATE,
                absl::StrCat("the commitment took ", c.commitment->elapsed_ns(), " ns, limit ",
                             c.asked.commitment_deadline_ms, " ms"));
  }
  if (!checked.ok()) return Fail(v1::MALFORMED, std::string(checked.status().message()));
  return *std::move(checked);
}

// Rules 17 to 20.
Judgement JudgeOpening(const Case& c, MatmulClaim claim, std::uint32_t samples) {
  const v1::MatmulEvidence& evidence = c.closed.matmul();
  const v1::MatmulOpening& opening = evidence.opening();
  const Digest commitment = ToDigest(c.commitment->commitment().commitment());
  if (evidence.opening_elapsed_ns() > c.asked.opening_deadline_ms * kNsPerMs) {
    return Fail(v1::OPENING_REFUSED,
                absl::StrCat("the opening took ", evidence.opening_elapsed_ns(), " ns, limit ",
                             c.asked.opening_deadline_ms, " ms"));
  }
  const Digest hash = Sha256(ViewOf(opening.body()));
  if (!SignedBy(c.device_key, MatmulOpeningDigest(c.domain, c.id, commitment, hash),
                ViewOf(opening.signature()))) {
    return Fail(v1::SIGNATURE_INVALID, "the opening is not signed by the device key");
  }
  v1::MatmulOpeningBody body;
  if (!body.ParseFromString(opening.body())) {
    return Fail(v1::MALFORMED,
                absl::StrCat("the opening's ", opening.body().size(), " bytes do not parse"));
  }
  claim.samples = DrawSamples(c.context.key, c.id, commitment, claim.shape, samples);
  const absl::Status proof = CheckOpening(claim, body);
  if (!proof.ok()) return Fail(v1::PROOF_INVALID, std::string(proof.message()));
  return {v1::PASS, v1::NONE, ""};
}

Judgement JudgeMatmul(const Case& c) {
  const bool opened = c.closed.matmul().has_opening();
  if (c.commitment == nullptr) {
    return opened ? Unusable("an opening without a commitment") : JudgeSilence(c);
  }
  const v1::MatmulParams params = MatmulParamsOf(c.challenge);
  MatmulClaim claim;
  claim.seed = ToDigest(c.challenge.challenge().seed());
  claim.shape = {params.n(), params.rounds()};
  std::variant<Judgement, std::vector<Digest>> committed = JudgeCommitment(c, claim.shape);
  if (auto* judged = std::get_if<Judgement>(&committed)) return std::move(*judged);
  if (!opened) return JudgeSilence(c);
  claim.roots = std::get<std::vector<Digest>>(std::move(committed));
  return JudgeOpening(c, std::move(claim), params.samples());
}

}  // namespace

Judgement Judge(const JudgeContext& context, const Evidence& evidence) {
  if (std::optional<Judgement> judged = JudgeChecker(context.policy, evidence)) {
    return *std::move(judged);
  }
  const absl::StatusOr<Case> made = MakeCase(context, evidence);
  if (!made.ok()) return Unusable(std::string(made.status().message()));
  switch (made->closed.kind()) {
    case v1::LATENCY:
      return JudgeLatency(*made);
    case v1::BANDWIDTH:
      return JudgeBandwidth(*made);
    default:
      return JudgeMatmul(*made);  // ValidateChallenge knows no other
  }
}

std::uint64_t MatmulRate(const MatmulShape& shape, const v1::CommitmentReceived& commitment) {
  const std::uint64_t elapsed_ns = commitment.elapsed_ns();
  if (elapsed_ns == 0) return 0;
  // At most a tenth of the time is the way there and back, whatever the pings say.
  std::uint64_t way_ns = commitment.ping_rtt_ns().empty() ? 0 : elapsed_ns / 10;
  for (const std::uint64_t rtt_ns : commitment.ping_rtt_ns()) way_ns = std::min(way_ns, rtt_ns);
  const absl::uint128 rate =
      absl::uint128(shape.operations()) * 1'000'000'000 / (elapsed_ns - way_ns);
  return absl::Uint128High64(rate) != 0 ? std::numeric_limits<std::uint64_t>::max()
                                        : absl::Uint128Low64(rate);
}

}  // namespace kaisar::challenges
