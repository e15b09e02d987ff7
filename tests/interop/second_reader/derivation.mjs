// docs/protocol.md, section 2: keys, and the streams that everything random comes from.
import {createCipheriv, hkdfSync} from "node:crypto";
import {be32, be64, keccak256} from "./bytes.mjs";

const NO_SALT = Buffer.alloc(0);
export const ZERO_NONCE = Buffer.alloc(12);

function hkdf(ikm, salt, info) {
  return Buffer.from(hkdfSync("sha256", ikm, salt, info, 32));
}

export function epochKey(secret, beacon, chainId, slot, epoch) {
  return hkdf(secret, beacon,
    Buffer.concat([Buffer.from("kaisar/v1/epoch"), be64(chainId), be32(slot), be32(epoch)]));
}

/** D(label, context). */
export function derive(key, label, context) {
  return hkdf(key, NO_SALT, Buffer.concat([Buffer.from(`kaisar/v1/${label}\0`), context]));
}

/** The key of the stream that the muster's instant is drawn from. */
export function musterKey(beacon, epoch) {
  return hkdf(beacon, NO_SALT, Buffer.concat([Buffer.from("kaisar/v1/muster"), be32(epoch)]));
}

/** The first `length` bytes under `key` and the 96-bit `nonce`. */
export function keystream(key, nonce, length) {
  const counter = Buffer.alloc(4);
  return createCipheriv("chacha20", key, Buffer.concat([counter, nonce]))
    .update(Buffer.alloc(length));
}

/** The first `count` words of a stream. */
export class Words {
  constructor(key, count) {
    this.bytes = keystream(key, ZERO_NONCE, 8 * count);
    this.next = 0;
  }

  draw(bound) {
    const word = this.bytes.readBigUInt64LE(8 * this.next++);
    return (word * BigInt(bound)) >> 64n;
  }
}

/** Whether `secret` is the preimage of the slot's anchor that belongs to this epoch. */
export function isSecretOf(secret, slot, epoch) {
  if (epoch < slot.anchor_epoch || secret.length !== 32) return false;
  let value = Buffer.from(secret);
  for (let i = slot.anchor_epoch; i <= epoch; i++) value = keccak256(value);
  return value.equals(slot.anchor);
}
