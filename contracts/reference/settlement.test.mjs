// Worked examples of docs/settlement.md that the reference must meet before anything is compared
// with it. Run by `node --test`.
import assert from "node:assert/strict";
import test from "node:test";

import { keccak256 } from "ethers";

import { commitmentOf, EMPTY_WORD, makeWord, ReportTree, scoreIn } from "./report_tree.mjs";
import {
  CAP, committee, divideSlash, emissionOf, emitted, lowerMedian, NO_MEDIAN, penaltyOf, settle,
  SlashCap, UNITS_PER_RATE,
} from "./settlement.mjs";

const COIN = 10n ** 18n;
const DAY = 86400n;
const GENESIS = 1_700_000_000n;
const schedule = { genesis: GENESIS, epochSeconds: 21600n };
const at = (units) => GENESIS + 12n * units;
const device = {
  emission: 27000n * COIN, weight: 1, totalWeight: 1n, phase: "STANDBY", wasInService: false,
  providerPercent: 80, band: 6,
};

test("emission is 15 KAI a unit, counted in whole units", () => {
  assert.equal(emitted(schedule, 0n, GENESIS - 1n), 0n);
  assert.equal(emitted(schedule, 0n, GENESIS), 0n);
  assert.equal(emitted(schedule, 0n, GENESIS + 11n), 0n);
  assert.equal(emitted(schedule, 0n, GENESIS + 12n), 15n * COIN);
  assert.equal(emissionOf(schedule, 0n, 0, 0n), 27000n * COIN);
  assert.equal(emissionOf(schedule, 0n, 0, 5n), 27000n * COIN + 5n);
});

test("emission falls to 13 and to 11 KAI exactly at the borders", () => {
  const unitAfter = (units) =>
    emitted(schedule, 0n, at(units + 1n)) - emitted(schedule, 0n, at(units));
  assert.equal(unitAfter(UNITS_PER_RATE - 1n), 15n * COIN);
  assert.equal(unitAfter(UNITS_PER_RATE), 13n * COIN);
  assert.equal(unitAfter(2n * UNITS_PER_RATE - 1n), 13n * COIN);
  assert.equal(unitAfter(2n * UNITS_PER_RATE), 11n * COIN);
  assert.equal(emitted(schedule, 0n, at(2n * UNITS_PER_RATE)), 294_336_000n * COIN);
});

test("emission ends at the cap, initial supply included", () => {
  const initial = CAP - 20n * COIN;
  assert.equal(emitted(schedule, initial, at(1n)), 15n * COIN);
  assert.equal(emitted(schedule, initial, at(2n)), 20n * COIN);
  assert.equal(emitted(schedule, initial, at(10n ** 9n)), 20n * COIN);
});

test("a committee has seven distinct members, fewer when there are fewer slots", () => {
  const beacon = keccak256("0x01");
  for (const slots of [1, 2, 6, 7, 8, 1000]) {
    const members = committee(beacon, 5, slots);
    assert.equal(new Set(members).size, Math.min(7, slots));
    assert.ok(members.every((member) => member < slots));
  }
  assert.deepEqual(committee(beacon, 5, 0), []);
});

test("the median of an even number of scores is the lower one", () => {
  assert.equal(lowerMedian([10]), 10);
  assert.equal(lowerMedian([30, 10]), 10);
  assert.equal(lowerMedian([100, 9, 20]), 20);
  assert.equal(lowerMedian([4, 3, 2, 1]), 2);
});

test("a full score pays all of the providers' share", () => {
  const result = settle({ ...device, scores: [200, 200, 200] });
  assert.equal(result.providerPay, 21600n * COIN);
  assert.equal(result.commissionEach, 1800n * COIN);
  assert.deepEqual(result.paid, [0, 1, 2]);
});

test("a score at the band's edge agrees, one beyond it does not", () => {
  const result = settle({ ...device, scores: [100, 106, 94, 107, 93] });
  assert.equal(result.median, 100);
  assert.deepEqual(result.agreed, [0, 1, 2]);
  assert.deepEqual(result.disagreed, [3, 4]);
});

test("half of an even committee is no quorum", () => {
  const result = settle({ ...device, scores: [100, null, 100, null] });
  assert.equal(result.median, NO_MEDIAN);
  assert.equal(result.providerPay, 0n);
  assert.deepEqual(result.paid, [0, 2]);
  assert.deepEqual(result.agreed, []);
});

test("a device under registration earns nothing and is promoted by a score above zero", () => {
  const good = settle({ ...device, phase: "REGISTERING", scores: [1] });
  assert.deepEqual([good.providerPay, good.promotes, good.paid], [0n, true, [0]]);
  const bad = settle({ ...device, phase: "REGISTERING", scores: [0] });
  assert.deepEqual([bad.promotes, bad.bondAtStake], [false, 0n]);
});

test("a bad device in standby loses its largest reward, one that was rented does not", () => {
  assert.equal(settle({ ...device, scores: [0] }).bondAtStake, 21600n * COIN);
  assert.equal(settle({ ...device, wasInService: true, scores: [0] }).bondAtStake, 0n);
  assert.equal(settle({ ...device, scores: [1] }).bondAtStake, 0n);
});

test("slashes round up, what the reporter gets rounds down", () => {
  assert.equal(penaltyOf("missed", 1001n, 0), 2n);
  assert.equal(penaltyOf("missed", 1000n, 8), 9n);
  assert.equal(penaltyOf("missed", 1000n, 50), 10n);
  assert.equal(penaltyOf("unrevealed", 1001n, 0), 6n);
  assert.equal(penaltyOf("equivocation", 1001n, 0), 101n);
  assert.deepEqual(divideSlash(19n), { toReporter: 1n, burned: 18n });
});

test("two windows together slash 5 % at most", () => {
  const cap = new SlashCap();
  assert.equal(cap.take(30n, 1000n, 0n), 30n);
  assert.equal(cap.take(30n, 1000n, 7n * DAY - 1n), 20n);
  assert.equal(cap.take(1n, 1000n, 7n * DAY), 0n);
  assert.equal(cap.take(60n, 1000n, 14n * DAY), 50n);
});

test("a leaf covers the ids up to the next word's first", () => {
  const words = [[10, 12], [20, 25], [30, 31]].map((ids) =>
    makeWord(ids.map((id) => ({ id, score: id }))));
  const tree = new ReportTree(words);
  assert.deepEqual([0, 9, 10, 19, 20, 29, 30, 0xfffffe].map((id) => tree.prove(id).index),
    [0, 0, 0, 0, 1, 1, 2, 2]);
  assert.deepEqual(tree.prove(25).next, 30);
  assert.deepEqual(tree.prove(31).next, 0xffffff);
  assert.equal(tree.prove(31).path.length, 1);
  assert.equal(scoreIn(words[1], 25), 25);
  assert.equal(scoreIn(words[1], 26), null);
});

test("the first lane of an id counts, a score above 200 is none", () => {
  const word = makeWord([{ id: 3, score: 201 }, { id: 4, score: 7 }, { id: 4, score: 8 }]);
  assert.equal(scoreIn(word, 3), null);
  assert.equal(scoreIn(word, 4), 7);
});

test("words whose first ids do not ascend make no tree", () => {
  const word = makeWord([{ id: 1, score: 1 }]);
  assert.throws(() => new ReportTree([word, word]), /word 1 begins with 1/);
});

test("a report without words has the tree of the empty word", () => {
  assert.equal(new ReportTree([]).root, new ReportTree([EMPTY_WORD]).root);
});

test("the commitment is the one of protocol.md as another implementation computed it", async () => {
  const { readFile } = await import("node:fs/promises");
  const file = new URL("../../tests/vectors/report.json", import.meta.url);
  const vector = JSON.parse(await readFile(file, "utf8"));
  assert.equal(commitmentOf({
    words: vector.words.map((word) => "0x" + word),
    transcriptRoot: "0x" + vector.given.transcript_root,
    policyHash: "0x" + vector.given.policy_hash,
    secret: "0x" + vector.given.secret,
  }), "0x" + vector.commitment);
});
