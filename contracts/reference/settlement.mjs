// The arithmetic of docs/settlement.md in plain JavaScript, written from that document alone: an
// oracle for contracts/src and audit/settlement.cc, so it shares no line with either. Amounts are
// BigInt in wei, times BigInt in Unix seconds, everything else a Number.
import { keccak256, solidityPacked } from "ethers";

export const CAP = 10n ** 27n;
const COIN = 10n ** 18n;
const UNIT_SECONDS = 12n;
/** Units between two emission borders. */
export const UNITS_PER_RATE = 10_512_000n;
const COMMITTEE_SIZE = 7;
/** What Settled tells as the median without quorum. */
export const NO_MEDIAN = 255;

const least = (a, b) => (a < b ? a : b);
const most = (a, b) => (a > b ? a : b);
const roundUp = (dividend, divisor) => (dividend + divisor - 1n) / divisor;

/** Start of an epoch, T_e. */
export function startOf(schedule, epoch) {
  return schedule.genesis + BigInt(epoch) * schedule.epochSeconds;
}

/** KAI emitted from genesis to `time`; never more than the cap leaves. */
export function emitted(schedule, initialSupply, time) {
  if (time <= schedule.genesis) return 0n;
  const units = (time - schedule.genesis) / UNIT_SECONDS;
  const atFifteen = least(units, UNITS_PER_RATE);
  const atThirteen = least(most(units - UNITS_PER_RATE, 0n), UNITS_PER_RATE);
  const atEleven = most(units - 2n * UNITS_PER_RATE, 0n);
  return least(CAP - initialSupply,
    COIN * (15n * atFifteen + 13n * atThirteen + 11n * atEleven));
}

/** What an epoch distributes. */
export function emissionOf(schedule, initialSupply, epoch, funded) {
  return emitted(schedule, initialSupply, startOf(schedule, epoch + 1)) -
    emitted(schedule, initialSupply, startOf(schedule, epoch)) + funded;
}

/** The slots that check a device: distinct, in committee order. */
export function committee(beacon, device, slots) {
  const members = new Set();
  for (let c = 0; members.size < Math.min(COMMITTEE_SIZE, slots); ++c) {
    const hash = keccak256(solidityPacked(["bytes32", "uint32", "uint32"], [beacon, device, c]));
    members.add(Number(BigInt(hash) % BigInt(slots)));
  }
  return [...members];
}

/** The median of scores; of an even number the lower one. */
export function lowerMedian(scores) {
  const ascending = [...scores].sort((a, b) => a - b);
  return ascending[Math.floor((ascending.length - 1) / 2)];
}

/**
 * Settles one device. `scores`: one a member, in committee order, null where absent.
 * `agreed`, `disagreed` and `paid` name members by their place in the committee.
 */
export function settle({ emission, weight, totalWeight, phase, wasInService, providerPercent, band,
  scores }) {
  const places = scores.map((_, place) => place);
  const present = places.filter((place) => scores[place] !== null);
  const quorum = present.length >= Math.floor(scores.length / 2) + 1;
  const share = emission * BigInt(weight);
  const percent = BigInt(providerPercent);
  const median = quorum ? lowerMedian(present.map((place) => scores[place])) : NO_MEDIAN;
  const agreed = quorum ? present.filter((p) => Math.abs(scores[p] - median) <= band) : [];
  const disagreed = quorum ? present.filter((p) => !agreed.includes(p)) : [];
  const registering = phase === "REGISTERING";
  const paysProvider = quorum && !registering;
  const failsStandby = quorum && median === 0 && phase === "STANDBY" && !wasInService;
  return {
    median, present, agreed, disagreed,
    paid: quorum ? agreed : present,
    providerPay: paysProvider ?
      share * percent * BigInt(median) / (totalWeight * 100n * 200n) : 0n,
    commissionEach: scores.length === 0 ? 0n :
      share * (100n - percent) / (totalWeight * 100n * BigInt(scores.length)),
    bondAtStake: failsStandby ? share * percent / (totalWeight * 100n) : 0n,
    promotes: registering && quorum && median > 0,
  };
}

/** What an offence asks of a stake, before what is left of the stake and the 7-day cap limit it. */
export function penaltyOf(kind, stake, streak) {
  const permille = { missed: least(1n + BigInt(streak), 10n), equivocation: 100n };
  return kind === "unrevealed" ? roundUp(stake * 5n, 1000n) :
    roundUp(stake * permille[kind], 1000n);
}

/** Who gets what of a slash: a tenth goes to whoever reported it. */
export function divideSlash(amount) {
  const toReporter = amount / 10n;
  return { toReporter, burned: amount - toReporter };
}

/** At most 5 % of all stake in 7 days, in tumbling windows that count the window before. */
export class SlashCap {
  constructor() {
    this.window = -1n;
    this.before = 0n;
    this.now = 0n;
  }

  /** Gives what of `asked` may be taken at `time`. */
  take(asked, totalStake, time) {
    const window = time / (7n * 86400n);
    if (window !== this.window) {
      this.before = window === this.window + 1n ? this.now : 0n;
      this.now = 0n;
      this.window = window;
    }
    const left = most(totalStake * 5n / 100n - this.before - this.now, 0n);
    const taken = least(asked, left);
    this.now += taken;
    return taken;
  }
}
