// The EIP-712 structs of docs/protocol.md, and who signed them, by ethers.
import {hex} from "./bytes.mjs";
import {ethers} from "./packages.mjs";

const fields = (...list) => list.map((field) => {
  const [type, name] = field.split(" ");
  return {type, name};
});
const TYPES = {
  Challenge: fields("bytes32 challengeId", "uint32 epoch", "uint32 slot", "uint32 device",
    "uint8 kind", "bytes32 seed", "bytes32 paramsHash", "uint64 expiresAtMs"),
  MatmulCommitment: fields("bytes32 challengeId", "bytes32 challengeDigest", "bytes32 commitment"),
  MatmulOpening: fields("bytes32 challengeId", "bytes32 commitment", "bytes32 openingHash"),
  PingTranscript: fields("bytes32 challengeId", "bytes32 challengeDigest", "bytes32 noncesHash"),
  BandwidthTranscript: fields("bytes32 challengeId", "bytes32 challengeDigest",
    "bytes32 resultsHash"),
  Report: fields("uint32 epoch", "uint32 slot", "uint16 specVersion", "bytes32 commitment"),
};

export class Domain {
  constructor(chainId, contract) {
    this.domain = {name: "Kaisar Checker", version: "1", chainId,
      verifyingContract: hex(contract)};
  }

  /** `message` by the struct's field names; bytes are buffers. */
  digest(type, message) {
    const values = Object.fromEntries(Object.entries(message)
      .map(([name, value]) => [name, value instanceof Uint8Array ? hex(value) : value]));
    return ethers.getBytes(
      ethers.TypedDataEncoder.hash(this.domain, {[type]: TYPES[type]}, values));
  }

  challengeDigest(challenge) {
    return this.digest("Challenge", {challengeId: challenge.challenge_id, epoch: challenge.epoch,
      slot: challenge.slot, device: challenge.device, kind: challenge.kind, seed: challenge.seed,
      paramsHash: challenge.params_hash, expiresAtMs: challenge.expires_at_ms});
  }

  /** Whether `signature` (r || s || v, v 27 or 28, low s) over `digest` is by `address`. */
  isSigned(digest, signature, address) {
    if (signature.length !== 65 || (signature[64] !== 27 && signature[64] !== 28)) return false;
    try {
      return ethers.recoverAddress(digest, hex(signature)).toLowerCase() === hex(address);
    } catch {
      return false;  // r or s out of range, s high, no such point
    }
  }
}
