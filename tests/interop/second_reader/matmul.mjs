// docs/protocol.md, section 4: which samples are asked, and whether an opening answers them.
import {sha256} from "./bytes.mjs";
import {Words, derive, keystream} from "./derivation.mjs";

const MULTIPLIER = 0x9E3779B1;
const LEAF_BYTES = 1024;
const TAG = {W: 0, Z0: 1};

/** The samples of a commitment; `params` is {n, rounds, samples}. */
export function drawSamples(key, challengeId, commitment, {n, rounds, samples}) {
  const words = new Words(derive(key, "samples", Buffer.concat([challengeId, commitment])),
    3 * samples);
  return Array.from({length: samples}, () =>
    ({j: Number(words.draw(rounds)), r: Number(words.draw(n)), c: Number(words.draw(n))}));
}

function inputRow(seed, tag, row, n) {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(tag);
  nonce.writeBigUInt64LE(BigInt(row), 4);
  return keystream(seed, nonce, n);
}

/** Element of the next state: row r of W against row c of the state before. */
function element(w, z) {
  const left = new Int8Array(w.buffer, w.byteOffset, w.length);
  const right = new Int8Array(z.buffer, z.byteOffset, z.length);
  let sum = 0;
  for (let k = 0; k < left.length; k++) sum += left[k] * right[k];
  return Math.imul(sum, MULTIPLIER) >> 24;
}

/** The root that `node`, the `index`-th of its level, and its siblings from below give. */
function climb(node, index, path) {
  let at = index;
  for (let offset = 0; offset < path.length; offset += 32, at >>= 1) {
    const sibling = path.subarray(offset, offset + 32);
    node = at & 1 ? sha256(sibling, node) : sha256(node, sibling);
  }
  return node;
}

/** The root of the full subtree over a row's leaves. */
function rowNode(row, leafBytes) {
  let level = [];
  for (let at = 0; at < row.length; at += leafBytes) {
    level.push(sha256(row.subarray(at, at + leafBytes)));
  }
  while (level.length > 1) {
    level = Array.from({length: level.length / 2}, (_, i) =>
      sha256(level[2 * i], level[2 * i + 1]));
  }
  return level[0];
}

function checkSample(seed, {n}, rootOf, sample, opening) {
  const {j, r, c} = sample;
  const leafBytes = Math.min(n, LEAF_BYTES);
  const leavesOfRow = n / leafBytes;
  const rowLevels = Math.log2(n);                // from a row's subtree to the root
  const levels = rowLevels + Math.log2(leavesOfRow);
  const sizes = {row: j === 0 ? 0 : n, row_path: j === 0 ? 0 : 32 * rowLevels,
    segment: leafBytes, segment_path: 32 * levels};
  for (const [field, size] of Object.entries(sizes)) {
    if (opening[field].length !== size) {
      return `${field} has ${opening[field].length} bytes, expected ${size}`;
    }
  }
  if (j > 0 && !climb(rowNode(opening.row, leafBytes), c, opening.row_path).equals(rootOf(j))) {
    return "row is not in the tree";
  }
  const leaf = r * leavesOfRow + Math.floor(c / leafBytes);
  if (!climb(sha256(opening.segment), leaf, opening.segment_path).equals(rootOf(j + 1))) {
    return "segment is not in the tree";
  }
  const z = j === 0 ? inputRow(seed, TAG.Z0, c, n) : opening.row;
  const expected = element(inputRow(seed, TAG.W, r, n), z);
  const found = opening.segment.readInt8(c % leafBytes);
  return found === expected ? "" : `element is ${found}, expected ${expected}`;
}

/** What is wrong with an opening (a parsed MatmulOpeningBody); empty when nothing is. */
export function checkOpening(seed, params, roots, samples, body) {
  if (body.samples.length !== samples.length) {
    return `has ${body.samples.length} samples, expected ${samples.length}`;
  }
  const rootOf = (j) => roots.subarray(32 * (j - 1), 32 * j);
  for (const [index, sample] of samples.entries()) {
    const wrong = checkSample(seed, params, rootOf, sample, body.samples[index]);
    if (wrong !== "") return `sample ${index}: ${wrong}`;
  }
  return "";
}
