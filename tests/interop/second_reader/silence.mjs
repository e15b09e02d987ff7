// docs/judging.md, rules 5 to 8: what did not come.
import {formOf} from "./challenge_form.mjs";
import {longestBandwidth} from "./plan.mjs";
import {KIND, TRANSPORT} from "./records.mjs";
import {fail, inconclusive} from "./verdict.mjs";

const AFTER_COMMITMENT = [TRANSPORT.BROKEN, TRANSPORT.DEADLINE, TRANSPORT.DECLINED,
  TRANSPORT.VIOLATION];

/** Rules 5 to 8 (or 4, when the call did not fail); `stood` tells whether a commitment stood. */
export function judgeSilence(judged, stood) {
  const {closed} = judged;
  const transport = closed.transport;
  const away = [TRANSPORT.NO_CONNECTION, TRANSPORT.BROKEN, TRANSPORT.DEADLINE].includes(transport);
  const heard = closed.reachability !== null
    && (closed.reachability.devices_heard > 0 || closed.reachability.endpoints_reached > 0);
  if (away && !heard) return inconclusive("CHECKER_OFFLINE");
  if (stood) return AFTER_COMMITMENT.includes(transport) ? fail("OPENING_REFUSED")
    : inconclusive("STOPPED");
  if (transport === TRANSPORT.DEADLINE) return fail("TIMED_OUT");
  if (transport === TRANSPORT.VIOLATION) return fail("MALFORMED");
  if (transport === TRANSPORT.DECLINED) {
    return isInTheWay(judged) ? inconclusive("DEVICE_CHALLENGED") : fail("REFUSED");
  }
  return transport === TRANSPORT.NO_CONNECTION || transport === TRANSPORT.BROKEN
    ? fail("UNREACHABLE") : inconclusive("STOPPED");
}

/** Rule 8: whether the refusal shows a challenge that keeps the device. */
function isInTheWay({epoch, closed, challenge, device, deviceClass}) {
  const running = closed.refusal?.running;
  const params = formOf(running);
  if (params === null || closed.kind === KIND.LATENCY) return false;
  const shown = running.challenge;
  if (shown.kind !== challenge.kind || shown.epoch !== challenge.epoch) return false;
  const slot = epoch.slots.get(shown.slot);
  if (slot === undefined || !epoch.domain.isSigned(epoch.domain.challengeDigest(shown),
    running.signature, slot.key)) return false;
  const otherSlot = shown.slot !== challenge.slot;
  if (closed.kind === KIND.MATMUL) {
    if (!otherSlot || shown.device !== challenge.device) return false;
  } else {
    if (!otherSlot && shown.device === challenge.device) return false;
    const other = epoch.devices.get(shown.device);
    if (other !== undefined && other.endpoint !== device.endpoint) return false;
  }
  const longest = closed.kind === KIND.MATMUL
    ? deviceClass.commitment_deadline_ms + deviceClass.opening_deadline_ms
    : longestBandwidth(params);
  const asked = epoch.opened.beacon_ms + closed.sent_ms;
  return shown.expires_at_ms >= asked && shown.expires_at_ms
    <= asked + closed.elapsed_ms + BigInt(2 * epoch.policy.keys.slack_ms + longest);
}
