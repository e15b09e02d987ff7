// The ABI encoding in which contracts/test/Differential.t.sol reads a random epoch.
import { AbiCoder, ZeroHash } from "ethers";

const SLOT_STATES = ["absent", "exited", "committed", "revealed"];
const COUNTED = ["yes", "exited", "late"];
const SERVICES = ["none", "through", "inside", "before", "after"];
const OFFENCES = ["missed", "unrevealed"];

const SCHEDULE = "tuple(uint64 genesis, uint32 epochSeconds, uint32 commitSeconds, " +
  "uint32 revealSeconds, uint32 settleSeconds, uint32 disputeSeconds, uint32 unbondingSeconds)";
const SLOT = "tuple(uint8 state, uint32 anchorEpoch, bytes32 anchor, bytes32 commitment, " +
  "bytes32 secret, bytes32 transcriptRoot, bytes32 policyHash, bytes32 root, bytes32[] words)";
const PROOF = "tuple(bytes32 word, uint32 index, uint24 next, bytes32[] path)";
const EXPECTED = `tuple(uint32[] committee, ${PROOF}[] proofs, uint8 median, uint8 presentMask, ` +
  "uint8 agreedMask, uint256 providerPay, uint256 commissionEach, uint256 bondBurned, " +
  "bool promotes)";
const DEVICE = "tuple(uint8 owner, uint32 claimed, uint32 claimedLater, uint8 counted, " +
  `bool registering, uint8 service, uint32 weight, uint128 bond, ${EXPECTED} expected)`;
const ACCOUNT = "tuple(uint128 owed, uint64 agreed, uint64 disagreed)";
const PENALTY = "tuple(uint32 slot, uint8 kind, uint256 amount, uint256 toReporter)";
const EPOCH = `tuple(uint256 number, ${SCHEDULE} schedule, uint256 initialSupply, ` +
  "uint8 providerPercent, uint8 band, uint128 stake, uint128 bondPerWeight, uint32 epoch, " +
  `uint256 funded, bytes32 beacon, ${SLOT}[] slots, ${DEVICE}[] devices, uint256 emission, ` +
  `uint64 totalWeight, uint256[] earned, ${ACCOUNT}[] accounts, ${PENALTY}[] penalties)`;

const NOTHING_EXPECTED = { committee: [], proofs: [], median: 0, presentMask: 0, agreedMask: 0,
  providerPay: 0n, commissionEach: 0n, bondBurned: 0n, promotes: false };

/** Hex as bytes, everywhere in a value: ethers' own conversion takes most of the time. */
function inBytes(value) {
  if (typeof value === "string") return Buffer.from(value.slice(2), "hex");
  if (Array.isArray(value)) return value.map(inBytes);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, inBytes(held)]));
}

/** One epoch as 0x-prefixed hex. */
export function encodeEpoch(epoch) {
  return AbiCoder.defaultAbiCoder().encode([EPOCH], [inBytes(inNumbers(epoch))]);
}

/** The epoch with its names as numbers, and with every field that the encoding has. */
function inNumbers(epoch) {
  return {
    ...epoch,
    slots: epoch.slots.map((slot) => ({
      anchorEpoch: 0, anchor: ZeroHash, commitment: ZeroHash, secret: ZeroHash,
      transcriptRoot: ZeroHash, policyHash: ZeroHash, root: ZeroHash, ...slot,
      state: SLOT_STATES.indexOf(slot.state),
    })),
    devices: epoch.devices.map((device) => ({
      ...device, counted: COUNTED.indexOf(device.counted),
      registering: device.phase === "REGISTERING", service: SERVICES.indexOf(device.service),
      expected: device.expected ?? NOTHING_EXPECTED,
    })),
    ...epoch.expected,
    penalties: epoch.expected.penalties.map((penalty) => ({
      ...penalty, kind: OFFENCES.indexOf(penalty.kind),
    })),
  };
}
