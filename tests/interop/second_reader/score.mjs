// docs/protocol.md, section 9: from verdicts to scores, in integers.
import {least, median} from "./bytes.mjs";
import {KINDS} from "./policy.mjs";
import {KIND, REASON, VERDICT, nameOf} from "./records.mjs";

const PPM = 1_000_000n;
const share = (measured, claimed) => least(PPM, PPM * measured / claimed);
const medianOr = (values, nothing) => (values.length === 0 ? nothing : median(values));

/** What became of one device's challenges. */
export class Evidence {
  constructor(device) {
    this.device = device;
    this.closed = [];  // {kind, verdict, reason, measured}
  }

  add(kind, judgement) {
    this.closed.push({kind, ...judgement});
  }

  conclusive(kind) {
    return this.closed.filter((one) =>
      one.kind === kind && one.verdict !== VERDICT.INCONCLUSIVE);
  }

  /** A figure of each passed challenge of a kind; `failed` (when given) for each failed one. */
  figures(kind, figure, failed) {
    return this.conclusive(kind)
      .filter((one) => failed !== undefined || one.verdict === VERDICT.PASS)
      .map((one) => (one.verdict === VERDICT.PASS ? figure(one.measured) : failed));
  }
}

function latencyShare(evidence, {target_us: target, limit_us: limit}) {
  const rtt = medianOr(evidence.figures(KIND.LATENCY, (m) => m.rtt_us), BigInt(limit));
  if (rtt <= BigInt(target)) return PPM;
  return rtt >= BigInt(limit) ? 0n : PPM * (BigInt(limit) - rtt) / BigInt(limit - target);
}

function bandwidthShare(policy, evidence) {
  const {device} = evidence;
  const [down, up] = ["down", "up"].map((way) => medianOr(evidence.figures(KIND.BANDWIDTH,
    (m) => share(m[way], policy.counted(device[`${way}_bits_per_second`])), 0n), 0n));
  return least(down, up);
}

function shares(policy, evidence) {
  const latency = evidence.conclusive(KIND.LATENCY);
  const answered = latency.filter((one) => one.verdict === VERDICT.PASS).length;
  return {
    availability: latency.length === 0 ? 0n : PPM * BigInt(answered) / BigInt(latency.length),
    [KIND.LATENCY]: latencyShare(evidence, policy.keys.latency),
    [KIND.BANDWIDTH]: policy.keys.bandwidth ? bandwidthShare(policy, evidence) : 0n,
    [KIND.MATMUL]: medianOr(evidence.figures(KIND.MATMUL,
      (m) => share(m.rate, evidence.device.ops_per_second), 0n), 0n)};
}

/** What the summary says of one device; `score` is null when it is left out of the report. */
export function scoreOf(policy, evidence) {
  const {device, closed} = evidence;
  const asked = KINDS.map((kind) => [kind, policy.terms(device, kind)])
    .filter(([, terms]) => terms !== undefined);
  const by = shares(policy, evidence);
  const weights = asked.map(([kind, {weight}]) => [kind, BigInt(weight)]);
  let quality = weights.reduce((sum, [kind, weight]) => sum + weight * by[kind], 0n)
    / weights.reduce((sum, [, weight]) => sum + weight, 0n);
  if (policy.terms(device, KIND.MATMUL)?.weight > 0) quality = least(quality, by[KIND.MATMUL]);
  let score = Number(200n * (quality * by.availability / PPM) / PPM);
  if (asked.some(([kind, terms]) => evidence.conclusive(kind).length < terms.least_evidence)) {
    score = null;
  }
  if (closed.some((one) => one.reason === REASON.PROOF_INVALID)) score = 0;
  const reasons = {};
  for (const {reason} of closed) {
    if (reason === REASON.NONE) continue;
    const name = nameOf(REASON, reason);
    reasons[name] = (reasons[name] ?? 0) + 1;
  }
  const count = (verdict) => closed.filter((one) => one.verdict === verdict).length;
  const figure = (kind, name, failed) =>
    Number(medianOr(evidence.figures(kind, (m) => m[name], failed), 0n));
  return {device: device.id, class: device.device_class, passed: count(VERDICT.PASS),
    failed: count(VERDICT.FAIL), inconclusive: count(VERDICT.INCONCLUSIVE), reasons,
    rtt_us: figure(KIND.LATENCY, "rtt_us"), ops_per_second: figure(KIND.MATMUL, "rate", 0n),
    down_bits_per_second: figure(KIND.BANDWIDTH, "down", 0n),
    up_bits_per_second: figure(KIND.BANDWIDTH, "up", 0n),
    availability_ppm: Number(by.availability), latency_ppm: Number(by[KIND.LATENCY]),
    compute_ppm: Number(by[KIND.MATMUL]), bandwidth_ppm: Number(by[KIND.BANDWIDTH]),
    quality_ppm: Number(quality), score};
}
