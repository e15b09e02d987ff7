// Makes calls.json: the inputs of the transactions that this project sends, encoded by ethers.
//
// Without arguments it prints the file; with a path it compares and exits 1 when that file differs.
import { ethers, finish } from "./ethers.mjs";

const PROOF = "(bytes32 word, uint32 index, uint24 next, bytes32[] path)";
const REGISTRATION = "(address key, bytes32 tlsPin, string endpoint, bytes32 deviceClass, "
  + "bytes32 region, uint32 weight, uint64 downBitsPerSecond, uint64 upBitsPerSecond)";
const abi = new ethers.Interface([
  "function openEpoch(uint32 e, bytes header, bytes parent)",
  "function requestLate(uint32 e)",
  "function openLate(uint32 e)",
  "function commit(uint32 e, uint32 slot, bytes32 commitment)",
  "function reveal(uint32 e, uint32 slot, bytes32 secret, bytes32 transcriptRoot, "
    + "bytes32 policyHash, bytes32[] words)",
  "function markMissed(uint32 e, uint32 slot)",
  "function markUnrevealed(uint32 e, uint32 slot)",
  `function settle(uint32 e, uint24 p, ${PROOF}[] proofs)`,
  `function settleBatch(uint32 e, (uint24 device, ${PROOF}[] proofs)[] items)`,
  "function withdraw()",
  "function withdrawSlots(uint32[] slots)",
  "function transfer(address to, uint256 amount)",
  "function approve(address spender, uint256 amount)",
  "function register(uint256 license, address hotKey, bytes32 tlsPin, bytes32 anchor, "
    + "uint32 firstEpoch)",
  `function register(${REGISTRATION} r)`,
  "function setHotKey(uint32 slot, address hotKey)",
  "function setTlsPin(uint32 slot, bytes32 tlsPin)",
  "function setAnchor(uint32 slot, bytes32 anchor, uint32 firstEpoch)",
  "function requestExit(uint32 slot)",
  "function claim(uint32 slot)",
  "function setEndpoint(uint24 device, string endpoint, bytes32 tlsPin)",
  "function setWeight(uint24 device, uint32 weight)",
  "function exit(uint24 device)",
  "function claimBond(uint24 device)",
]);

const word = (name) => ethers.id(name);
const account = "0x00112233445566778899aabbccddeeff00112233";
const proof = (name, index, next, steps) => ({
  word: word(name), index, next, path: Array.from({ length: steps }, (_, i) => word(name + i)),
});
const absent = { word: ethers.ZeroHash, index: 0, next: 0, path: [] };
const proofs = [proof("a", 3, 0x010203, 2), absent, proof("b", 0xffffffff, 0xffffff, 20)];
const encode = (name, ...values) => abi.encodeFunctionData(name, values);

const calls = {
  open_epoch: encode("openEpoch", 7, "0x" + "f9".repeat(33), "0x" + "f8".repeat(64)),
  open_epoch_empty: encode("openEpoch", 0, "0x", "0x"),
  request_late: encode("requestLate", 0xffffffff),
  open_late: encode("openLate", 8),
  commit: encode("commit", 7, 2, word("commitment")),
  reveal: encode("reveal", 7, 2, word("secret"), word("root"), word("policy"),
    [word("w0"), word("w1"), word("w2")]),
  reveal_nothing: encode("reveal", 7, 2, word("secret"), word("root"), word("policy"), []),
  mark_missed: encode("markMissed", 7, 3),
  mark_unrevealed: encode("markUnrevealed", 0xffffffff, 4),
  settle: encode("settle", 7, 0xfffffe, proofs),
  settle_without_members: encode("settle", 7, 1, []),
  settle_batch: encode("settleBatch", 7,
    [{ device: 1, proofs }, { device: 2, proofs: [] }, { device: 3, proofs: [absent] }]),
  settle_batch_empty: encode("settleBatch", 7, []),
  withdraw: encode("withdraw"),
  withdraw_slots: encode("withdrawSlots", [0, 1, 0xffffffff]),
  transfer: encode("transfer", account, ethers.MaxUint256),
  approve: encode("approve", account, ethers.MaxUint256),
  register_slot: encode("register(uint256,address,bytes32,bytes32,uint32)",
    5, account, word("pin"), word("anchor"), 12),
  set_hot_key: encode("setHotKey", 3, account),
  set_tls_pin: encode("setTlsPin", 3, word("pin")),
  set_anchor: encode("setAnchor", 3, word("anchor"), 12),
  request_exit: encode("requestExit", 3),
  claim: encode("claim", 3),
  register_device: encode(`register(${REGISTRATION})`, {
    key: account, tlsPin: word("pin"), endpoint: "device-one.example.org:7700, and beyond a word",
    deviceClass: ethers.encodeBytes32String("cpu-avx2"),
    region: ethers.encodeBytes32String(""), weight: 1000,
    downBitsPerSecond: 10n ** 9n, upBitsPerSecond: (1n << 64n) - 1n,
  }),
  set_endpoint: encode("setEndpoint", 0xfffffe, "h:1", word("pin")),
  set_weight: encode("setWeight", 0xfffffe, 1000),
  exit: encode("exit", 9),
  claim_bond: encode("claimBond", 0xfffffe),
};
finish(JSON.stringify(calls, null, 1) + "\n");
