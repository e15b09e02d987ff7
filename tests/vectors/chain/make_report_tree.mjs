// Makes report_tree.json: report trees and their proofs, computed by ethers as docs/settlement.md,
// Report tree, says.
//
// Without arguments it prints the file; with a path it compares and exits 1 when that file differs.
import { ethers, finish } from "./ethers.mjs";

const NO_DEVICE = 0xffffff;
const UNUSED_WORD = "0x" + "ffffff00".repeat(8);

const firstOf = (word) => Number(ethers.dataSlice(word, 0, 3));

// A word of lanes [id, score], filled up with unused ones.
function word(...lanes) {
  const hex = lanes.map(([id, score]) => ethers.solidityPacked(["uint24", "uint8"], [id, score]));
  while (hex.length < 8) hex.push("0xffffff00");
  return ethers.concat(hex);
}

function leavesOf(words) {
  return words.map((content, i) => {
    const next = i + 1 < words.length ? firstOf(words[i + 1]) : NO_DEVICE;
    const range = (BigInt(i) << 128n) | BigInt(next);
    const inner = ethers.solidityPackedKeccak256(["bytes32", "uint256"], [content, range]);
    return ethers.solidityPackedKeccak256(["bytes32", "bytes1"], [inner, "0x01"]);
  });
}

function node(a, b) {
  return ethers.keccak256(ethers.concat(BigInt(a) < BigInt(b) ? [a, b] : [b, a]));
}

// The root over leaves, and the path of the one at `index`.
function climb(leaves, index) {
  const path = [];
  let level = leaves;
  while (level.length > 1) {
    const above = [];
    for (let i = 0; i + 1 < level.length; i += 2) above.push(node(level[i], level[i + 1]));
    if (level.length % 2 === 1) above.push(level[level.length - 1]);
    const sibling = index ^ 1;
    if (sibling < level.length) path.push(level[sibling]);
    index >>= 1;
    level = above;
  }
  return { root: level[0], path };
}

function proofOf(words, device) {
  let index = 0;
  while (index + 1 < words.length && firstOf(words[index + 1]) <= device) index++;
  const next = index + 1 < words.length ? firstOf(words[index + 1]) : NO_DEVICE;
  return { device, word: words[index], index, next, path: climb(leavesOf(words), index).path };
}

// The root as it is stored, and a proof for a device of each range, before the first and behind the
// last.
function tree(words) {
  const covered = words.length === 0 ? [UNUSED_WORD] : words;
  const stored = BigInt(climb(leavesOf(covered), 0).root) | 1n;
  const devices = new Set([0, 1, NO_DEVICE - 1]);
  for (const content of covered) {
    for (const id of [firstOf(content) - 1, firstOf(content), firstOf(content) + 1]) {
      if (id >= 0 && id < NO_DEVICE) devices.add(id);
    }
  }
  const sorted = [...devices].sort((a, b) => a - b);
  return {
    words,
    root: ethers.toBeHex(stored, 32),
    proofs: sorted.map((device) => proofOf(covered, device)),
  };
}

function manyWords(count) {
  const words = [];
  for (let i = 0; i < count; i++) {
    const first = 5 + 100 * i;
    words.push(word(...Array.from({ length: 8 }, (_, lane) => [first + 2 * lane, (i + lane) % 201])));
  }
  return words;
}

const trees = [
  tree([]),
  tree([word([0, 200])]),
  tree([word([0xfffffe, 1])]),
  // What no honest checker sends, and the contract takes: an id twice, a score above 200.
  tree([word([7, 5], [7, 9], [8, 201]), word([9, 255]), word([0xfffffe, 200])]),
  ...[2, 3, 5, 7, 8, 13].map((count) => tree(manyWords(count))),
];
finish("{\"trees\": [\n" + trees.map((t) => JSON.stringify(t)).join(",\n") + "\n]}\n");
