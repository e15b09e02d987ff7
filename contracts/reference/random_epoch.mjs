// Random epochs, each with what the reference says must be paid. The same seed and number always
// give the same epoch. The format is that of tests/vectors/settlement/README.md.
import { createHash } from "node:crypto";

import { keccak256, toBeHex } from "ethers";

import { commitmentOf, makeWord, ReportTree, scoreIn } from "./report_tree.mjs";
import {
  CAP, committee, divideSlash, emissionOf, emitted, penaltyOf, settle, SlashCap, startOf,
  UNITS_PER_RATE,
} from "./settlement.mjs";

const DAY = 86400n;
const EPOCH_SECONDS = [12n, 13n, 60n, 100n, 3600n, 21600n, 50_000n, 86_400n];
/** So many epochs without a reveal can a slot's hash chain bridge. */
const MOST_BRIDGED = 64;
const NO_PROOF = { word: toBeHex(0, 32), index: 0, next: 0, path: [] };

/** Numbers of one epoch: SHA-256 of the seed in counter mode. */
class Random {
  constructor(seed) {
    this.seed = seed;
    this.counter = 0;
  }

  digest() {
    return "0x" + createHash("sha256").update(`${this.seed}/${this.counter++}`).digest("hex");
  }

  /** Uniform in 0 … bound − 1, but for a bias below 2^−190. */
  below(bound) {
    return Number(BigInt(this.digest()) % BigInt(bound));
  }

  /** At most `largest`, every magnitude alike. */
  upTo(largest) {
    const bits = this.below(BigInt(largest).toString(2).length) + 1;
    const value = BigInt(this.digest()) % (1n << BigInt(bits));
    return value > BigInt(largest) ? BigInt(largest) : value;
  }

  chance(percent) {
    return this.below(100) < percent;
  }

  pick(choices) {
    return choices[this.below(choices.length)];
  }
}

/** An epoch, a schedule and an initial supply, often around a border of the emission. */
function randomTimes(random) {
  const epochSeconds = random.pick(EPOCH_SECONDS);
  const window = epochSeconds / 12n;
  const schedule = {
    genesis: 1_000_000_000n + BigInt(random.below(1_000_000_000)), epochSeconds,
    commitSeconds: window, revealSeconds: window, settleSeconds: 28n * DAY,
    disputeSeconds: 7n * DAY, unbondingSeconds: 14n * DAY,
  };
  const initial = 10n ** 24n * BigInt(1 + random.below(100));
  const border = 12n * UNITS_PER_RATE * BigInt(1 + random.below(2)) / epochSeconds;
  switch (random.below(5)) {
    case 0:
      return { schedule, initial, epoch: random.below(6) };
    case 1:
      return { schedule, initial, epoch: Number(border) - 1 + random.below(3) };
    case 2: {  // the cap is reached within the epoch, or just at one of its ends
      const epoch = 1 + random.below(20_000);
      const inside = startOf(schedule, epoch) + BigInt(random.below(Number(epochSeconds) + 1));
      return { schedule, initial: CAP - emitted(schedule, 0n, inside), epoch };
    }
    case 3:  // only what was funded
      return { schedule, initial: CAP - BigInt(random.below(3)), epoch: 3 + random.below(100) };
    default:
      return { schedule, initial, epoch: random.below(40_000) };
  }
}

/** Devices as registered: most of them in standby, some that do not count in the epoch. */
function randomDevices(random, epoch) {
  const count = 1 + random.below(random.chance(20) ? 30 : 8);
  const owners = 1 + random.below(4);
  const nobodyCounts = random.chance(3);
  const devices = Array.from({ length: count }, () => {
    const counted = nobodyCounts ? "exited" : random.pick([...Array(8).fill("yes"), "exited"]);
    const phase = random.chance(75) ? "STANDBY" : "REGISTERING";
    const claimed = 1 + Number(random.upTo(2 ** 32 - 2));
    const services = ["none", "none", "through", "inside", "after", epoch > 0 ? "before" : "none"];
    return {
      owner: random.below(owners), claimed, counted, phase,
      claimedLater: random.chance(20) ? 1 + Number(random.upTo(2 ** 32 - 2)) : claimed,
      service: counted === "yes" && phase === "STANDBY" ? random.pick(services) : "none",
    };
  });
  while (random.chance(15)) {  // after the beacon was known
    devices.push({ owner: 0, claimed: 2 ** 32 - 1, claimedLater: 2 ** 32 - 1, counted: "late",
      phase: "REGISTERING", service: "none" });
  }
  return devices.map((device, id) => ({ device: id, ...device,
    weight: device.counted === "yes" ? device.claimed : 0,
    wasInService: ["through", "inside"].includes(device.service) }));
}

/** Words with ascending first ids; what stands in their other lanes is anything. */
function randomWords(random, truth, style) {
  if (random.chance(5)) return [];
  const entries = [];
  truth.forEach((score, id) => {
    if (random.chance(style === "sparse" ? 50 : 93)) {
      const noise = random.chance(15) ? random.below(20) - 10 : random.below(7) - 3;
      const measured = style === "liar" ? random.below(256) : Math.max(0, score + noise);
      entries.push({ id, score: Math.min(255, measured) });
    }
    if (random.chance(5)) entries.push({ id, score: random.below(256) });  // twice
  });
  if (random.chance(20)) entries.push({ id: 0xfffffe - random.below(1000), score: 200 });
  const words = [];
  for (let at = 0; at < entries.length;) {
    const word = entries.slice(at, at + 1 + random.below(8));
    at += word.length;
    if (words.length === 0 || word[0].id > words.at(-1)[0].id) words.push(word);
  }
  if (style === "liar" && words.length > 1 && words[0].length > 1) {
    words[0][1] = words[1].at(-1);  // a device in a word that does not cover it
  }
  return words.map(makeWord);
}

function randomSlots(random, truth, epoch) {
  const count = 1 + random.below(20);
  const allAbsent = random.chance(4);
  return Array.from({ length: count }, () => {
    const state = allAbsent ? random.pick(["absent", "committed"]) :
      random.pick([...Array(9).fill("revealed"), "committed", "absent", "exited"]);
    if (state === "absent" || state === "exited") return { state, words: [] };
    const bridged = random.chance(3) ? MOST_BRIDGED : random.below(4);
    const anchorEpoch = Math.max(0, epoch - bridged);
    const secret = random.digest();
    let anchor = secret;
    for (let e = anchorEpoch; e <= epoch; ++e) anchor = keccak256(anchor);
    const style = random.pick(["honest", "honest", "honest", "honest", "sparse", "liar"]);
    const report = {
      words: randomWords(random, truth, style), transcriptRoot: random.digest(),
      policyHash: random.digest(), secret,
    };
    return { state, anchorEpoch, anchor, ...report, commitment: commitmentOf(report),
      ...(state === "revealed" ? { root: new ReportTree(report.words).root } : {}) };
  });
}

/** What the reference says of one device; null where there is nothing to settle. */
function expectationOf(device, { beacon, slots, trees, emission, totalWeight, terms, bond }) {
  if (device.weight === 0) return null;
  const members = committee(beacon, device.device, slots.length);
  const proofs = members.map((slot) => trees[slot]?.prove(device.device) ?? null);
  const scores = proofs.map((proof) => proof && scoreIn(proof.word, device.device));
  const result = settle({ ...device, ...terms, emission, totalWeight, scores });
  const mask = (places) => places.reduce((bits, place) => bits | (1 << place), 0);
  return {
    committee: members, proofs: proofs.map((proof) => proof ?? NO_PROOF), scores,
    median: result.median, presentMask: mask(result.present), agreedMask: mask(result.agreed),
    providerPay: result.providerPay, commissionEach: result.commissionEach,
    bondAtStake: result.bondAtStake,
    bondBurned: result.bondAtStake < bond ? result.bondAtStake : bond,
    promotes: result.promotes, result, members,
  };
}

/** Sums of an epoch: what each owner and each slot has to get. */
function sumsOf(slots, devices) {
  const earned = [0, 1, 2, 3].map(() => 0n);
  const accounts = slots.map(() => ({ owed: 0n, agreed: 0, disagreed: 0 }));
  for (const { owner, expected } of devices) {
    if (expected === null) continue;
    const { result, members } = expected;
    earned[owner] += result.providerPay;
    for (const place of result.paid) accounts[members[place]].owed += result.commissionEach;
    for (const place of result.agreed) accounts[members[place]].agreed += 1;
    for (const place of result.disagreed) accounts[members[place]].disagreed += 1;
  }
  return { earned, accounts };
}

/** Every offence that this epoch's chain data prove, slashed in the order of the slots. */
function penaltiesOf(slots, stake, time) {
  const cap = new SlashCap();
  const kinds = { absent: "missed", committed: "unrevealed" };
  let total = stake * BigInt(slots.length);
  const penalties = [];
  slots.forEach(({ state }, slot) => {
    if (!(state in kinds)) return;
    const kind = kinds[state];
    const amount = cap.take(penaltyOf(kind, stake, 0), total, time);
    total -= amount;
    penalties.push({ slot, kind, amount, ...divideSlash(amount) });
  });
  return penalties;
}

/** The epoch number `number` of a seed. */
export function randomEpoch(seed, number) {
  const random = new Random(`${seed}/${number}`);
  const { schedule, initial, epoch } = randomTimes(random);
  const drawn = randomDevices(random, epoch);
  const truth = drawn.map(() => random.chance(10) ? 0 : random.below(201));
  const slots = randomSlots(random, truth, epoch);
  const beacon = random.digest();
  // A quarter of the initial supply for each of stakes, bonds and funding.
  const quarter = initial / 4n;
  const claims = drawn.reduce((sum, { claimed, claimedLater }) =>
    sum + BigInt(Math.max(claimed, claimedLater)), 0n);
  const stake = 10n ** 12n + random.upTo(quarter / BigInt(slots.length) - 10n ** 12n);
  const bondPerWeight = 1n + random.upTo(quarter / claims - 1n);
  const funded = random.chance(30) ? random.upTo(quarter) : 0n;
  const emission = emissionOf(schedule, initial, epoch, funded);
  const totalWeight = drawn.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
  const terms = { providerPercent: random.pick([80, 80, 80, 0, 1, 99, 100]),
    band: random.pick([6, 6, 6, 0, 1, 199]) };
  const trees = slots.map((slot) => slot.root ? new ReportTree(slot.words) : null);
  const devices = drawn.map((device) => {
    const bond = BigInt(Math.max(device.claimed, device.counted === "exited" ? 0 :
      device.claimedLater)) * bondPerWeight;
    return { ...device, bond, expected: expectationOf(device,
      { beacon, slots, trees, emission, totalWeight, terms, bond }) };
  });
  const closed = startOf(schedule, epoch + 1) + schedule.commitSeconds + schedule.revealSeconds;
  return {
    number, schedule, initialSupply: initial, ...terms, stake, bondPerWeight, epoch, funded, beacon,
    slots, devices: devices.map(({ expected, ...rest }) => {
      if (expected === null) return { ...rest, expected };
      const { result, members, ...told } = expected;
      return { ...rest, expected: told };
    }),
    expected: { emission, totalWeight, ...sumsOf(slots, devices),
      penalties: penaltiesOf(slots, stake, closed) },
  };
}
