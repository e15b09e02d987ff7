// docs/protocol.md, section 3: every challenge of an epoch, with all that it will say.
import {be32, be64, hex, most, sha256} from "./bytes.mjs";
import {Words, derive, musterKey} from "./derivation.mjs";
import {KINDS} from "./policy.mjs";
import {KIND, PHASE, serialize} from "./records.mjs";

const LEAST_SENT_AT = 1_000_000n;  // bits per second: docs/protocol.md, section 6

function parameters(policy, device, kind) {
  const {samples, latency, bandwidth} = policy.keys;
  if (kind === KIND.LATENCY) {
    return serialize("LatencyParams", {pings: latency.pings, spacing_ms: latency.spacing_ms});
  }
  if (kind === KIND.MATMUL) {
    const {n, rounds} = policy.deviceClass(device);
    return serialize("MatmulParams", {n, rounds, samples});
  }
  const sentAt = (claimed) =>
    String(most(policy.counted(claimed) * 11n / 10n, LEAST_SENT_AT));
  return serialize("BandwidthParams", {
    seconds: device.phase === PHASE.IN_SERVICE ? bandwidth.in_service_seconds : bandwidth.seconds,
    streams: bandwidth.streams,
    down_bits_per_second: sentAt(device.down_bits_per_second),
    up_bits_per_second: sentAt(device.up_bits_per_second),
    open_ms: bandwidth.open_deadline_ms,
    start_ms: bandwidth.start_deadline_ms});
}

/** How long a bandwidth challenge with these parameters may take after it was sent. */
export const longestBandwidth = ({seconds, open_ms: open, start_ms: start}) =>
  open + 2 * (start + 5000 + (1 + seconds) * 1000 + 5000);

function longest(policy, device, kind) {
  const {latency, bandwidth} = policy.keys;
  if (kind === KIND.LATENCY) return latency.deadline_ms;
  if (kind === KIND.MATMUL) {
    const {commitment_deadline_ms: commitment, opening_deadline_ms: opening} =
      policy.deviceClass(device);
    return commitment + opening;
  }
  return longestBandwidth({
    seconds: device.phase === PHASE.IN_SERVICE ? bandwidth.in_service_seconds : bandwidth.seconds,
    open_ms: bandwidth.open_deadline_ms, start_ms: bandwidth.start_deadline_ms});
}

/** The due times of one device's challenges of one kind, in ms after the beacon. */
function dueTimes(epoch, device, kind, count) {
  const {opened, policy, key} = epoch;
  const whole = opened.epoch_end_ms - opened.beacon_ms - BigInt(policy.keys.guard_ms);
  const window = BigInt(policy.keys.registration_window_ms);
  const bound = device.phase === PHASE.REGISTERING && window < whole ? window : whole;
  const context = kind === KIND.MATMUL ? device.owner : be32(device.id);
  const words = new Words(derive(key, "due", Buffer.concat([context, Buffer.from([kind])])), count);
  const due = Array.from({length: count}, () => words.draw(bound));
  if (kind === KIND.MATMUL && (opened.roster.muster || device.muster)) {
    due.push(new Words(musterKey(opened.beacon, opened.epoch), 1).draw(whole));
  }
  return due;
}

/** One planned challenge; `epoch` is {opened, policy, key}. */
function planned(epoch, device, kind, sequence, due) {
  const {opened, policy, key} = epoch;
  const id = sha256("kaisar/v1/challenge", be64(opened.roster.chain_id), be32(opened.epoch),
    be32(opened.slot), be32(device.id), Buffer.from([kind]), be32(sequence));
  const params = parameters(policy, device, kind);
  const open = BigInt(policy.keys.slack_ms + longest(policy, device, kind));
  return {id, idHex: hex(id), device, kind, sequence, due, params,
    seed: kind === KIND.MATMUL ? derive(key, "seed", id) : Buffer.alloc(32),
    expires: opened.beacon_ms + due + open};
}

/** All challenges in the order (due, device, kind, sequence). */
export function makePlan(epoch) {
  const plan = [];
  for (const device of epoch.opened.roster.devices) {
    for (const kind of KINDS) {
      const terms = epoch.policy.terms(device, kind);
      if (terms === undefined) continue;
      dueTimes(epoch, device, kind, terms.count).forEach((due, sequence) =>
        plan.push(planned(epoch, device, kind, sequence, due)));
    }
  }
  return plan.sort((a, b) => Number(a.due - b.due) || a.device.id - b.device.id
    || a.kind - b.kind || a.sequence - b.sequence);
}
