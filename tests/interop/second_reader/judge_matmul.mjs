// docs/judging.md, rules 12 to 20.
import {least, sha256} from "./bytes.mjs";
import {checkOpening, drawSamples} from "./matmul.mjs";
import {parse, tryParse} from "./records.mjs";
import {judgeSilence} from "./silence.mjs";
import {fail, inconclusive, pass} from "./verdict.mjs";

const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;

const NO_COMMITMENT = parse("MatmulCommitment", Buffer.alloc(0));

/** docs/protocol.md, section 4, "Time". */
function rate({n, rounds}, {elapsed_ns: raw, ping_rtt_ns: pings}) {
  if (raw === 0n) return 0n;
  const way = pings.length === 0 ? 0n : pings.reduce(least, raw / 10n);
  return 2n * BigInt(n) ** 3n * BigInt(rounds) * NS_PER_S / (raw - way);
}

function isCommitted({epoch, challenge, device, digest}, commitment) {
  return epoch.domain.isSigned(epoch.domain.digest("MatmulCommitment",
    {challengeId: challenge.challenge_id, challengeDigest: digest,
      commitment: commitment.commitment}), commitment.signature, device.key);
}

/** Rules 12 to 16; null when the commitment stands. */
function judgeCommitment(judged, received) {
  const {closed, challenge, params, deviceClass} = judged;
  const first = received.commitment ?? NO_COMMITMENT;
  if (!first.challenge_id.equals(challenge.challenge_id) || first.commitment.length !== 32
      || first.roots.length !== 32 * params.rounds) return fail("MALFORMED");
  if (!isCommitted(judged, first)) return fail("SIGNATURE_INVALID");
  const second = closed.matmul?.second_commitment;
  if (second?.commitment.length === 32 && !second.commitment.equals(first.commitment)
      && isCommitted(judged, second)) return fail("PROOF_INVALID");
  if (received.elapsed_ns > BigInt(deviceClass.commitment_deadline_ms) * NS_PER_MS) {
    return fail("COMMITMENT_LATE");
  }
  return sha256(first.roots).equals(first.commitment) ? null : fail("MALFORMED");
}

export function judgeMatmul(judged) {
  const {epoch, closed, challenge, params, device, deviceClass, commitment: received} = judged;
  const opening = closed.matmul?.opening;
  if (received === null) return opening ? inconclusive("STOPPED") : judgeSilence(judged, false);
  const commitmentVerdict = judgeCommitment(judged, received);
  if (commitmentVerdict !== null) return commitmentVerdict;
  if (!opening) return judgeSilence(judged, true);
  if (closed.matmul.opening_elapsed_ns
      > BigInt(deviceClass.opening_deadline_ms) * NS_PER_MS) return fail("OPENING_REFUSED");
  const {commitment, roots} = received.commitment;
  const signed = epoch.domain.digest("MatmulOpening",
    {challengeId: challenge.challenge_id, commitment, openingHash: sha256(opening.body)});
  if (!epoch.domain.isSigned(signed, opening.signature, device.key)) {
    return fail("SIGNATURE_INVALID");
  }
  const body = tryParse("MatmulOpeningBody", opening.body);
  if (body === null) return fail("MALFORMED");
  const samples = drawSamples(epoch.key, challenge.challenge_id, commitment, params);
  const wrong = checkOpening(challenge.seed, params, roots, samples, body);
  return wrong === "" ? pass({rate: rate(params, received)}) : fail("PROOF_INVALID");
}
