#!/usr/bin/env node
// Writes random epochs with their expected payments; see --help.
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { encodeEpoch } from "./epoch_abi.mjs";
import { randomEpoch } from "./random_epoch.mjs";

const HELP = `usage: make_epochs.mjs --out FOLDER [--count 1000] [--seed kaisar]

Writes FOLDER/epochs.jsonl (format: tests/vectors/settlement/README.md) and the same epochs
ABI-encoded for forge, one a line, as FOLDER/epochs-0.hex to epochs-3.hex.`;

/** Amounts are decimal strings in JSON, times numbers. */
function plain(key, value) {
  if (typeof value !== "bigint") return value;
  return /Seconds$|^genesis$/.test(key) ? Number(value) : value.toString();
}

/** A file that appears when it is complete. */
function openWhole(path) {
  const file = openSync(path + ".part", "w");
  return {
    line: (text) => writeSync(file, text + "\n"),
    finish: () => {
      closeSync(file);
      renameSync(path + ".part", path);
    },
  };
}

const { values } = parseArgs({ options: {
  out: { type: "string" }, count: { type: "string", default: "1000" },
  seed: { type: "string", default: "kaisar" }, help: { type: "boolean", default: false },
} });
if (values.help || values.out === undefined) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}
mkdirSync(values.out, { recursive: true });
const json = openWhole(join(values.out, "epochs.jsonl"));
// Several files, because forge runs several tests at once.
const hex = [0, 1, 2, 3].map((part) => openWhole(join(values.out, `epochs-${part}.hex`)));
for (let number = 0; number < Number(values.count); ++number) {
  const epoch = randomEpoch(values.seed, number);
  json.line(JSON.stringify(epoch, plain));
  hex[number % hex.length].line(encodeEpoch(epoch));
}
for (const file of [json, ...hex]) file.finish();
console.log(`${values.count} epochs in ${values.out}, seed ${values.seed}`);
