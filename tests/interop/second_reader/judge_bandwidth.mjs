// docs/judging.md, rules 21 to 26, and the rates of docs/protocol.md, section 6.
import {least, most, sha256} from "./bytes.mjs";
import {tryReadLine} from "./iperf_line.mjs";
import {DIRECTION, TRANSPORT} from "./records.mjs";
import {judgeSilence} from "./silence.mjs";
import {fail, inconclusive, pass} from "./verdict.mjs";

const LEAST_US_PER_SECOND = 950_000n;  // of a test that was not cut short
const US_PER_S = 1_000_000n;
const bitsPerSecond = (bytes, us) => (us === 0n ? 0n : 8n * bytes * US_PER_S / us);

/** Whether the checker's own line, which carried `bytes` during a test, was full. */
function wasFull(link, bytes, capacity) {
  return link !== null && link.us > 0n && capacity > 0n
    && 10n * 8n * bytes * US_PER_S >= 9n * capacity * link.us;
}

export function judgeBandwidth(judged) {
  const {epoch, closed, challenge, params, device, digest} = judged;
  if (closed.transport !== TRANSPORT.COMPLETED) return judgeSilence(judged, false);
  const {tests, transcript} = closed.bandwidth ?? {tests: [], transcript: null};
  const ways = [DIRECTION.DOWN, DIRECTION.UP];
  if (tests.length !== 2 || !transcript || tests.some(({direction, measured}, index) =>
    direction !== ways[index] || measured?.direction !== direction)) return inconclusive("STOPPED");
  const [checkerDown, checkerUp] = tests.map((test) => tryReadLine(test.checker_result));
  if (checkerDown === null || checkerUp === null) return inconclusive("STOPPED");
  const [deviceDown, deviceUp] = tests.map((test) => tryReadLine(test.measured.result));
  if (deviceDown === null || deviceUp === null) return fail("MALFORMED");
  const resultsHash = sha256(...tests.map((test) => sha256(test.measured.result)));
  const signed = epoch.domain.digest("BandwidthTranscript",
    {challengeId: challenge.challenge_id, challengeDigest: digest, resultsHash});
  if (!epoch.domain.isSigned(signed, transcript.signature, device.key)) {
    return fail("SIGNATURE_INVALID");
  }
  const leastTime = BigInt(params.seconds) * LEAST_US_PER_SECOND;
  const {sent} = checkerDown;
  const {received} = checkerUp;
  if (sent.us < leastTime || received.us < leastTime) return fail("MALFORMED");
  const down = least(bitsPerSecond(sent.bytes, sent.us),
    bitsPerSecond(deviceDown.received.bytes, most(sent.us, deviceDown.received.us)));
  const up = bitsPerSecond(received.bytes, received.us);
  const {checker_out_bits_per_second: out, checker_in_bits_per_second: into} = closed.bandwidth;
  const isLow = (rate, claimed) => rate < epoch.policy.counted(claimed);
  const saturated = (isLow(down, device.down_bits_per_second)
      && wasFull(checkerDown.link, checkerDown.link?.out, out))
    || (isLow(up, device.up_bits_per_second) && wasFull(checkerUp.link, checkerUp.link?.in, into));
  return saturated ? inconclusive("UPLINK_SATURATED") : pass({down, up});
}
