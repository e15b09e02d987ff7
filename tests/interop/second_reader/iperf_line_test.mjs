// The lines of tests/vectors/bandwidth/lines.json, which throughput_test.cc reads, too.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {readLine} from "./iperf_line.mjs";

const vectors = JSON.parse(readFileSync(
  new URL("../../vectors/bandwidth/lines.json", import.meta.url), "utf8"));

for (const [name, {line, sent_and_received: expected}] of Object.entries(vectors.read)) {
  const {sent, received} = readLine(line);
  assert.deepEqual([sent.bytes, sent.us, received.bytes, received.us].map(Number), expected, name);
}
for (const [name, line] of Object.entries(vectors.refused)) {
  assert.throws(() => readLine(line), undefined, name);
}
