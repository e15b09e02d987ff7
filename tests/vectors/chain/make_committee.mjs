// Makes committee.json: the members of committees, computed by ethers as docs/settlement.md,
// Committees, says.
//
// Without arguments it prints the file; with a path it compares and exits 1 when that file differs.
import { ethers, finish } from "./ethers.mjs";

const SIZE = 7;

function committee(beacon, device, slots) {
  const members = [];
  for (let c = 0; members.length < Math.min(SIZE, slots); c++) {
    const hash = ethers.solidityPackedKeccak256(
      ["bytes32", "uint32", "uint32"], [beacon, device, c]);
    const id = Number(BigInt(hash) % BigInt(slots));
    if (!members.includes(id)) members.push(id);
  }
  return members;
}

const cases = [];
for (const slots of [1, 2, 3, 6, 7, 8, 70, 65535, 4294967295]) {
  for (const device of [0, 1, 258, 0x010203, 0xfffffe]) {
    const beacon = ethers.id(`beacon ${slots} ${device}`);
    cases.push({ beacon, device, slots, members: committee(beacon, device, slots) });
  }
}
finish("{\"committees\": [\n" + cases.map((c) => JSON.stringify(c)).join(",\n") + "\n]}\n");
