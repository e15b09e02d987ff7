// docs/policy.md: the policy of a log, and what it says of one device.
import {KIND, PHASE, nameOf} from "./records.mjs";
import {YAML} from "./packages.mjs";

const KIND_KEYS = {[KIND.LATENCY]: "latency", [KIND.BANDWIDTH]: "bandwidth",
  [KIND.MATMUL]: "matmul"};
export const KINDS = [KIND.LATENCY, KIND.BANDWIDTH, KIND.MATMUL];

/** A tree of YAML with numbers for what is made of digits alone. */
function integers(node) {
  if (typeof node === "string") return /^(0|[1-9]\d*)$/.test(node) ? Number(node) : node;
  if (node === null || typeof node !== "object") return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, integers(value)]));
}

export class Policy {
  constructor(bytes) {
    const text = new TextDecoder("utf-8", {fatal: true}).decode(bytes);
    this.keys = integers(YAML.parse(text, {schema: "failsafe"}));
    if (this.keys?.version !== 1) throw new Error(`version is ${this.keys?.version}, expected 1`);
  }

  /** {count, weight, least_evidence}; undefined when the device's phase does not ask this kind. */
  terms(device, kind) {
    return this.keys.phases[nameOf(PHASE, device.phase).toLowerCase()]?.[KIND_KEYS[kind]];
  }

  /** {n, rounds, commitment_deadline_ms, opening_deadline_ms}; undefined for a class it lacks. */
  deviceClass(device) {
    return Object.hasOwn(this.keys.classes, device.device_class)
      ? this.keys.classes[device.device_class] : undefined;
  }

  /** What counts of a claimed rate. */
  counted(claimed) {
    const limit = BigInt(this.keys.bandwidth.counted_bits_per_second);
    return claimed < limit ? claimed : limit;
  }
}
