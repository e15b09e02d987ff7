// docs/protocol.md, section 1: what has the form of a signed challenge.
import {sha256} from "./bytes.mjs";
import {KIND, parseKnown} from "./records.mjs";

const PARAMS = {[KIND.LATENCY]: "LatencyParams", [KIND.BANDWIDTH]: "BandwidthParams",
  [KIND.MATMUL]: "MatmulParams"};
const between = (value, low, high) => value >= low && value <= high;
const MOST_PARAMS_BYTES = 64;
const isSentRate = (rate) => between(rate, 1_000_000n, 1_100_000_000_000_000n);
const IN_RANGE = {
  [KIND.LATENCY]: (p) => between(p.pings, 1, 1024) && between(p.spacing_ms, 0, 10000),
  [KIND.BANDWIDTH]: (p) => between(p.seconds, 1, 60) && between(p.streams, 1, 16)
    && between(p.open_ms, 1, 120000) && between(p.start_ms, 1, 120000)
    && isSentRate(p.down_bits_per_second) && isSentRate(p.up_bits_per_second),
  [KIND.MATMUL]: (p) => between(p.n, 256, 32768) && Number.isInteger(Math.log2(p.n))
    && between(p.rounds, 1, 4096) && between(p.samples, 1, 1024),
};

/** The parameters of a signed challenge; null when it has not the form of a challenge. */
export function formOf(signed) {
  const challenge = signed?.challenge;
  if (!challenge || !PARAMS[challenge.kind] || challenge.challenge_id.length !== 32
      || challenge.seed.length !== 32 || signed.signature.length !== 65
      || challenge.device >= 0xffffff || signed.params.length > MOST_PARAMS_BYTES
      || (challenge.kind !== KIND.MATMUL && challenge.seed.some((byte) => byte !== 0))
      || !sha256(signed.params).equals(challenge.params_hash)) return null;
  const params = parseKnown(PARAMS[challenge.kind], signed.params);
  return params !== null && IN_RANGE[challenge.kind](params) ? params : null;
}
