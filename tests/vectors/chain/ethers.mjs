// What the generators of this folder share: ethers as contracts/package.json pins it, and the end
// of each.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../contracts/package.json", import.meta.url));
export const { ethers } = require("ethers");

// Prints the file; with a path as the only argument compares, and exits 1 when that file differs.
export function finish(text) {
  const path = process.argv[2];
  if (path === undefined) {
    process.stdout.write(text);
  } else if (readFileSync(path, "utf8") !== text) {
    console.error(`${path} differs from what this generator makes`);
    process.exitCode = 1;
  }
}
