// Makes errors.json: what the contracts return when they revert, one example of each error that
// contracts/src declares, encoded by ethers; so an error that chain/contract_errors.h lacks is found.
//
// Without arguments it prints the file; with a path it compares and exits 1 when that file differs.
import { readdirSync, readFileSync } from "node:fs";
import { ethers, finish } from "./ethers.mjs";

const FOLDER = new URL("../../../contracts/src/", import.meta.url);
// Only constructors revert with it.
const LEFT_OUT = new Set(["BadSchedule"]);

function declarations() {
  const found = new Set();
  for (const file of readdirSync(FOLDER)) {
    const source = readFileSync(new URL(file, FOLDER), "utf8");
    for (const match of source.matchAll(/^\s*error (\w+)\(([^;]*)\);/gm)) {
      const parameters = match[2].replace(/\s+/g, " ").trim().replace(/\bPhase\b/g, "uint8");
      if (!LEFT_OUT.has(match[1])) found.add(`${match[1]}(${parameters})`);
    }
  }
  return [...found].sort();
}

// A value of a type, and how it is told.
function example(type, place) {
  if (type === "string") return ["some text", "some text"];
  if (type === "bool") return [true, "true"];
  if (type === "bytes32") return [ethers.id(`${place}`), ethers.id(`${place}`)];
  if (type === "address") {
    const account = ethers.dataSlice(ethers.id(`${place}`), 12);
    return [account, account];
  }
  const most = (1n << BigInt(type.slice("uint".length))) - 1n;
  return [most - BigInt(place), (most - BigInt(place)).toString()];
}

const entries = declarations().map((declaration) => {
  const error = ethers.ErrorFragment.from(`error ${declaration}`);
  const values = error.inputs.map((input, i) => [input.name, ...example(input.type, i)]);
  return {
    error: declaration,
    data: new ethers.Interface([error]).encodeErrorResult(error, values.map((value) => value[1])),
    told: `${error.name}(${values.map(([name, , told]) => `${name} ${told}`).join(", ")})`,
  };
});
finish("{\"errors\": [\n" + entries.map((entry) => JSON.stringify(entry)).join(",\n") + "\n]}\n");
