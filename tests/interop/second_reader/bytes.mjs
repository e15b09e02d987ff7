// Bytes and integers as docs/protocol.md writes them.
import {createHash} from "node:crypto";
import {ethers} from "./packages.mjs";

export const be32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
export const be64 = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

export const hex = (bytes) => "0x" + Buffer.from(bytes).toString("hex");
export const equal = (a, b) => Buffer.compare(a, b) === 0;

export function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export const keccak256 = (...parts) =>
  Buffer.from(ethers.getBytes(ethers.keccak256(Buffer.concat(parts))));

export const least = (a, b) => (a < b ? a : b);
export const most = (a, b) => (a > b ? a : b);

/** The lower one of two in the middle; `values` is not empty. */
export function median(values) {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[(sorted.length - 1) >> 1];
}
