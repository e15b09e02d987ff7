// The Merkle tree over a report's words, written from docs/settlement.md (Reports) alone: an oracle
// for contracts/src/Reports.sol and audit/report_tree.cc, so it shares no line with either.
import { keccak256, toBeHex } from "ethers";

/** The id that no device has: it ends the last leaf's range and fills lanes without a device. */
export const NO_DEVICE = 0xffffff;
/** The only word of a report that names no device. */
export const EMPTY_WORD = "0x" + "ffffff00".repeat(8);
/** Scores go to 200; a lane with more says nothing. */
export const MOST_SCORE = 200;

/** 0x-prefixed hex as bytes; ethers' own conversion is ten times slower. */
const bytesOf = (hex) => Buffer.from(hex.slice(2), "hex");
const concat = (parts) => Buffer.concat(parts.map(bytesOf));

/** The first device id of a word: its top three bytes. */
export function firstId(word) {
  return Number(BigInt(word) >> 232n);
}

/** The eight lanes of a word as {id, score}, lane 0 first. */
export function lanes(word) {
  const bytes = bytesOf(word);
  return Array.from({ length: 8 }, (_, lane) => {
    const [high, middle, low, score] = bytes.slice(4 * lane, 4 * lane + 4);
    return { id: high * 65536 + middle * 256 + low, score };
  });
}

/** A word of at most eight {id, score}; the lanes that are left over name no device. */
export function makeWord(entries) {
  const filled = [...entries, ...Array(8 - entries.length).fill({ id: NO_DEVICE, score: 0 })];
  return "0x" + filled.map(({ id, score }) =>
    (id * 256 + score).toString(16).padStart(8, "0")).join("");
}

/** The score that a word gives a device: of the first lane with its id. Null: absent. */
export function scoreIn(word, device) {
  const lane = lanes(word).find(({ id }) => id === device);
  return lane === undefined || lane.score > MOST_SCORE ? null : lane.score;
}

/** keccak256(keccak256(word || uint128 index || uint128 next) || 0x01) */
function leafHash(word, index, next) {
  const position = toBeHex((BigInt(index) << 128n) | BigInt(next), 32);
  return keccak256(concat([keccak256(concat([word, position])), "0x01"]));
}

/** The hash of two nodes, the smaller first. */
function parentHash(a, b) {
  return BigInt(a) < BigInt(b) ? keccak256(concat([a, b])) : keccak256(concat([b, a]));
}

/** What the Reports contract stores for a root: its lowest bit tells it from a commitment. */
export function storedRoot(root) {
  return toBeHex(BigInt(root) | 1n, 32);
}

/** The tree of a revealed report. Throws when the first ids of the words do not ascend. */
export class ReportTree {
  constructor(words) {
    this.words = words.length === 0 ? [EMPTY_WORD] : words;
    this.firstIds = this.words.map(firstId);
    for (let i = 1; i < this.firstIds.length; ++i) {
      if (this.firstIds[i] <= this.firstIds[i - 1]) {
        throw new Error(`word ${i} begins with ${this.firstIds[i]}, not above the word before it`);
      }
    }
    this.levels = [this.words.map((word, i) => leafHash(word, i, this.nextId(i)))];
    while (this.levels.at(-1).length > 1) {
      const below = this.levels.at(-1);
      const level = [];
      for (let i = 0; i < below.length; i += 2) {
        level.push(i + 1 < below.length ? parentHash(below[i], below[i + 1]) : below[i]);
      }
      this.levels.push(level);
    }
  }

  /** As stored on chain. */
  get root() {
    return storedRoot(this.levels.at(-1)[0]);
  }

  nextId(index) {
    return index + 1 < this.words.length ? this.firstIds[index + 1] : NO_DEVICE;
  }

  /** The leaf whose range holds the device, with its path to the root. */
  prove(device) {
    let index = 0;
    while (index + 1 < this.words.length && this.firstIds[index + 1] <= device) ++index;
    const path = [];
    let position = index;
    for (const level of this.levels.slice(0, -1)) {
      const sibling = position % 2 === 0 ? position + 1 : position - 1;
      if (sibling < level.length) path.push(level[sibling]);
      position = Math.floor(position / 2);
    }
    return { word: this.words[index], index, next: this.nextId(index), path };
  }
}

/** The commitment of protocol.md, section 10. */
export function commitmentOf({ words, transcriptRoot, policyHash, secret }) {
  const content = keccak256(concat(words));
  return keccak256(concat([content, keccak256(concat([transcriptRoot, policyHash, secret]))]));
}
