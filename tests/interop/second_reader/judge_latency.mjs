// docs/judging.md, rules 9 to 11.
import {median, sha256} from "./bytes.mjs";
import {ZERO_NONCE, derive, keystream} from "./derivation.mjs";
import {TRANSPORT} from "./records.mjs";
import {judgeSilence} from "./silence.mjs";
import {fail, inconclusive, pass} from "./verdict.mjs";

export function judgeLatency(judged) {
  const {epoch, closed, challenge, params, device, digest} = judged;
  if (closed.transport !== TRANSPORT.COMPLETED) return judgeSilence(judged, false);
  if (!closed.latency?.transcript) return inconclusive("STOPPED");
  const {echoes, transcript} = closed.latency;
  const nonces = keystream(derive(epoch.key, "ping", challenge.challenge_id), ZERO_NONCE,
    8 * params.pings);
  const pings = echoes.map(({ping}) => ping);
  if (new Set(pings).size !== pings.length || pings.some((ping) => ping >= params.pings)) {
    return fail("MALFORMED");
  }
  const noncesHash = sha256(...pings.map((ping) => nonces.subarray(8 * ping, 8 * ping + 8)));
  const signed = epoch.domain.digest("PingTranscript",
    {challengeId: challenge.challenge_id, challengeDigest: digest, noncesHash});
  if (!epoch.domain.isSigned(signed, transcript.signature, device.key)) {
    return fail("SIGNATURE_INVALID");
  }
  if (2 * echoes.length < params.pings) return fail("TIMED_OUT");
  return pass({rtt_us: BigInt(median(echoes.map(({rtt_us: rtt}) => rtt)))});
}
