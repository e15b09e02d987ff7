// One pass over the records of an epoch: each against the plan, the signatures and the rules.
import {hex, sha256} from "./bytes.mjs";
import {formOf} from "./challenge_form.mjs";
import {epochKey, isSecretOf} from "./derivation.mjs";
import {judge} from "./judge.mjs";
import {makePlan} from "./plan.mjs";
import {Policy} from "./policy.mjs";
import {Presence} from "./presence.mjs";
import {KIND, REASON, TRANSPORT, VERDICT, nameOf, parse} from "./records.mjs";
import {wrongOpening} from "./roster.mjs";
import {Evidence} from "./score.mjs";
import {Domain} from "./signatures.mjs";
import {WallClock, wrongTimes} from "./times.mjs";

const MOST_DETAIL_BYTES = 512;
const MOST_SOFTWARE_BYTES = 128;
const MOST_DESCRIPTION_BYTES = 4096;

const placeOf = (device, kind, sequence) => `${device}/${kind}/${sequence}`;

/** The log is so wrong that nothing can be recomputed. */
export class Unreadable extends Error {
  constructor(record, field, found, expected) {
    super(`record ${record}: ${field} is ${found}, expected ${expected}`);
    Object.assign(this, {record, field, found: String(found), expected: String(expected)});
  }
}

export class Epoch {
  /** `secret` is the report's. */
  constructor(secret) {
    this.secret = secret;
    this.differences = [];
    this.records = 0;
    this.signatures = 1;  // the report's
    this.samples = 0;
    this.described = new Set();
    this.ended = false;
  }

  differ(record, planned, field, found, expected) {
    this.differences.push({record, device: planned?.device.id ?? null,
      challenge: planned?.idHex ?? null, field, found: String(found), expected: String(expected)});
  }

  expect(record, planned, field, found, expected) {
    const text = (value) => (value instanceof Uint8Array ? hex(value) : String(value));
    if (text(found) !== text(expected)) {
      this.differ(record, planned, field, text(found), text(expected));
    }
  }

  read({index, bytes}) {
    this.records++;
    let record;
    try {
      record = parse("Record", bytes);
    } catch (error) {
      throw new Unreadable(index, "bytes", error.message, "a kaisar.v1.Record");
    }
    const {body} = record;
    if (body === undefined) throw new Unreadable(index, "body", "of no known kind", "one");
    if ((body === "epoch_opened") !== (index === 0)) {
      throw new Unreadable(index, "body", body, "epoch_opened first and nowhere else");
    }
    if (this.ended) throw new Unreadable(index, "body", body, "nothing after epoch_closed");
    const readers = {epoch_opened: this.begin, issued: this.issue, commitment: this.commit,
      closed: this.close, described: this.describe, epoch_closed: this.end};
    readers[body].call(this, index, record[body]);
    for (const {field, found, expected} of this.clock.add(body, record[body])) {
      this.differ(index, null, field, found, expected);
    }
  }

  begin(index, opened) {
    const {roster} = opened;
    this.opened = opened;
    this.policyHash = sha256(opened.policy);
    try {
      this.policy = new Policy(opened.policy);
    } catch (error) {
      throw new Unreadable(index, "policy", error.message, "as docs/policy.md has it");
    }
    for (const {field, found, expected} of wrongOpening(opened, this.policy)) {
      throw new Unreadable(index, field, found, expected);
    }
    this.devices = new Map(roster.devices.map((device) => [device.id, device]));
    this.slots = new Map(roster.slots.map((slot) => [slot.id, slot]));
    this.slot = this.slots.get(opened.slot);
    if (!isSecretOf(this.secret, this.slot, opened.epoch)) {
      throw new Unreadable(index, "secret", hex(this.secret), "the preimage of the slot's anchor");
    }
    this.domain = new Domain(roster.chain_id, roster.contract);
    this.key = epochKey(this.secret, opened.beacon, roster.chain_id, opened.slot, opened.epoch);
    this.presence = new Presence(opened.beacon_ms, this.policy.keys.slack_ms);
    this.clock = new WallClock(opened, this.policy.keys.slack_ms);
    this.evidence = new Map(roster.devices.map((device) => [device.id, new Evidence(device)]));
    this.plan = makePlan(this);
    this.planned = new Map(this.plan.map((one) => [placeOf(one.device.id, one.kind, one.sequence),
      one]));
    this.open = new Map();  // issued and not closed, by the id that the plan gives
  }

  /** What the plan has at the place that a record names, when it is not closed. */
  find(record, device, kind, sequence) {
    const planned = this.planned.get(placeOf(device, kind, sequence));
    if (planned === undefined || planned.closed) {
      const place = `device ${device}, kind ${kind}, sequence ${sequence}`;
      this.differ(record, null, "sequence", place, "one of the plan that is not closed");
      return undefined;
    }
    return planned;
  }

  issue(index, issued) {
    const challenge = issued.challenge?.challenge ?? parse("Challenge", Buffer.alloc(0));
    const planned = this.find(index, challenge.device, challenge.kind, issued.sequence);
    if (planned === undefined) return;
    if (planned.issued) {
      this.differ(index, planned, "issued", "a second time", "once");
      return;
    }
    planned.issued = issued;
    this.open.set(planned.idHex, planned);
    this.signatures++;
    const expected = {challenge_id: planned.id, epoch: this.opened.epoch, slot: this.opened.slot,
      seed: planned.seed, params_hash: sha256(planned.params), expires_at_ms: planned.expires};
    for (const [field, value] of Object.entries(expected)) {
      this.expect(index, planned, `challenge.${field}`, challenge[field], value);
    }
    this.expect(index, planned, "params", issued.challenge?.params ?? "", planned.params);
    const dueMs = this.opened.beacon_ms + planned.due;
    if (issued.issued_ms + BigInt(this.policy.keys.slack_ms) < dueMs) {
      this.differ(index, planned, "issued_ms", issued.issued_ms, `at least ${dueMs}, less the slack`);
    }
    if (formOf(issued.challenge) === null || !this.domain.isSigned(
      this.domain.challengeDigest(challenge), issued.challenge.signature, this.slot.key)) {
      this.differ(index, planned, "challenge.signature",
        hex(issued.challenge?.signature ?? Buffer.alloc(0)), `one of ${hex(this.slot.key)}`);
    }
  }

  commit(index, commitment) {
    const planned = this.open.get(hex(commitment.challenge_id));
    if (planned === undefined) {
      this.differ(index, null, "commitment.challenge_id", hex(commitment.challenge_id),
        "one that is issued and not closed");
    } else if (planned.kind !== KIND.MATMUL || planned.commitment) {
      this.differ(index, planned, "commitment", "there", "once, for a matmul challenge");
    } else {
      planned.commitment = commitment;
    }
  }

  close(index, closed) {
    const planned = this.find(index, closed.device, closed.kind, closed.sequence);
    if (planned === undefined) return;
    planned.closed = true;
    this.open.delete(planned.idHex);
    this.expect(index, planned, "challenge_id", closed.challenge_id, planned.id);
    this.expect(index, planned, "due_ms", closed.due_ms, planned.due);
    const judgement = judge(this, closed, planned.issued ?? null, planned.commitment ?? null);
    this.expect(index, planned, "verdict", nameOf(VERDICT, closed.verdict),
      nameOf(VERDICT, judgement.verdict));
    this.expect(index, planned, "reason", nameOf(REASON, closed.reason),
      nameOf(REASON, judgement.reason));
    this.evidence.get(planned.device.id).add(planned.kind, judgement);
    this.checkCall(index, planned, closed, judgement);
    this.count(planned, closed, judgement);
  }

  /** What is the checker's own: that the call was issued, its times, its excuses. */
  checkCall(index, planned, closed, judgement) {
    const sent = closed.transport !== TRANSPORT.NOT_SENT;
    if (sent && !planned.issued) this.differ(index, planned, "issued", "missing", "before it");
    else if (sent && judgement.reason === REASON.STOPPED) {
      this.differ(index, planned, "evidence", "in contradiction to itself", "sound");
    }
    for (const {field, found, expected} of wrongTimes(this, planned, closed)) {
      this.differ(index, planned, field, found, expected);
    }
    this.presence.add(index, planned, closed, judgement);
  }

  /** As `signatures_checked` and `samples_checked` are defined. */
  count(planned, closed, judgement) {
    if (closed.transport === TRANSPORT.NOT_SENT) return;
    this.signatures += [planned.commitment, closed.matmul?.opening,
      closed.matmul?.second_commitment, closed.latency?.transcript, closed.bandwidth?.transcript]
      .filter((one) => one).length;
    if (planned.kind === KIND.MATMUL && judgement.verdict === VERDICT.PASS) {
      this.samples += this.policy.keys.samples;
    }
  }

  describe(index, described) {
    const {device, detail, software, description} = described;
    if (!this.devices.has(device)) this.differ(index, null, "described.device", device, "a device");
    if (this.described.has(device)) this.differ(index, null, "described.device", device, "once");
    this.described.add(device);
    const limits = {detail: [Buffer.byteLength(detail), MOST_DETAIL_BYTES],
      software: [Buffer.byteLength(software), MOST_SOFTWARE_BYTES],
      description: [description.length, MOST_DESCRIPTION_BYTES]};
    for (const [field, [size, most]] of Object.entries(limits)) {
      if (size > most) {
        this.differ(index, null, `described.${field}`, `${size} bytes`, `at most ${most}`);
      }
    }
  }

  end(index, closed) {
    this.ended = true;
    this.expect(index, null, "secret", closed.secret, this.secret);
  }

  /** After the last record. */
  finish() {
    if (!this.ended) {
      throw new Unreadable(this.records - 1, "body", "the last record", "an epoch_closed");
    }
    for (const planned of this.plan.filter((one) => !one.closed)) {
      this.differ(null, planned, "closed", "missing", `once, due at ${planned.due} ms`);
    }
    for (const {record, planned, found} of this.presence.contradictions()) {
      this.differ(record, planned, "reason", found, "another: the checker was there");
    }
  }
}
