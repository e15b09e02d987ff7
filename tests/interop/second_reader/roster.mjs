// docs/log-format.md, "The first record": what must hold of it before anything else can be said.
import {PHASE} from "./records.mjs";

const MOST_DEVICE_ID = 0xfffffe;  // ff ff ff marks an unused lane of a word
const MOST_TEXT_BYTES = 512;
const MOST_EPOCH_MS = 2n ** 32n - 1n;
const CLAIMS = ["ops_per_second", "down_bits_per_second", "up_bits_per_second"];

function* wrongSizes(name, entry, sizes) {
  for (const [field, size] of Object.entries(sizes)) {
    if (entry[field].length !== size) {
      yield {field: `${name}.${field}`, found: `${entry[field].length} bytes`, expected: size};
    }
  }
}

function* wrongDevice(policy, device) {
  const name = `device ${device.id}`;
  if (device.id > MOST_DEVICE_ID) yield {field: name, found: device.id, expected: MOST_DEVICE_ID};
  yield* wrongSizes(name, device, {owner: 20, key: 20, tls_pin: 32});
  for (const field of ["endpoint", "region", "device_class"]) {
    const size = Buffer.byteLength(device[field]);
    if (size > MOST_TEXT_BYTES) {
      yield {field: `${name}.${field}`, found: `${size} bytes`, expected: MOST_TEXT_BYTES};
    }
  }
  if (policy.deviceClass(device) === undefined) {
    yield {field: `${name}.device_class`, found: device.device_class, expected: "a class"};
  }
  if (![PHASE.REGISTERING, PHASE.STANDBY, PHASE.IN_SERVICE].includes(device.phase)) {
    yield {field: `${name}.phase`, found: device.phase, expected: "a phase"};
  }
  for (const claim of CLAIMS.filter((field) => device[field] === 0n)) {
    yield {field: `${name}.${claim}`, found: 0, expected: "more than 0"};
  }
}

function* wrongOrder(name, entries) {
  for (let i = 1; i < entries.length; i++) {
    if (entries[i].id <= entries[i - 1].id) {
      yield {field: `${name}.id`, found: entries[i].id, expected: `above ${entries[i - 1].id}`};
    }
  }
}

/** Everything that is wrong with an EpochOpened, as {field, found, expected}. */
export function* wrongOpening(opened, policy) {
  const {roster} = opened;
  if (opened.version !== 1) yield {field: "version", found: opened.version, expected: 1};
  yield* wrongSizes("epoch_opened", opened, {beacon: 32});
  const epochMs = opened.epoch_end_ms - opened.beacon_ms;
  if (epochMs <= BigInt(policy.keys.guard_ms) || epochMs > MOST_EPOCH_MS) {
    yield {field: "epoch_end_ms", found: `${epochMs} ms after the beacon`,
      expected: `more than ${policy.keys.guard_ms} ms, at most ${MOST_EPOCH_MS}`};
  }
  if (roster === null) {
    yield {field: "roster", found: "missing", expected: "one"};
    return;
  }
  yield* wrongSizes("roster", roster, {contract: 20});
  for (const device of roster.devices) yield* wrongDevice(policy, device);
  for (const slot of roster.slots) {
    yield* wrongSizes(`slot ${slot.id}`, slot, {key: 20, tls_pin: 32, anchor: 32});
  }
  yield* wrongOrder("device", roster.devices);
  yield* wrongOrder("slot", roster.slots);
  if (!roster.slots.some(({id}) => id === opened.slot)) {
    yield {field: "slot", found: opened.slot, expected: "one of the roster"};
  }
}
