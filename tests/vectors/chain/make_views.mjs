// Makes views.json: what the contracts' views return and what their events look like, encoded by
// ethers for made-up values.
//
// Without arguments it prints the file; with a path it compares and exits 1 when that file differs.
import { ethers, finish } from "./ethers.mjs";

const SLOT = "tuple(address owner, address hotKey, bytes32 tlsPin, bytes32 anchor, uint32 anchorEpoch,"
  + " uint128 stake, uint256 license, uint32 activeFrom, uint32 activeUntil, uint64 claimableAt,"
  + " uint32 streak, bool ejected)";
const DEVICE = "tuple(address owner, address key, bytes32 tlsPin, string endpoint, bytes32 deviceClass,"
  + " bytes32 region, uint64 downBitsPerSecond, uint64 upBitsPerSecond, uint32 weight, uint8 phase,"
  + " uint128 bond, uint64 exitAt)";
const contracts = new ethers.Interface([
  "function openings(uint32) view returns (bytes32 beacon, uint64 blockNumber, uint64 timestamp)",
  "function countsFrom() view returns (uint32)",
  "function countAt(uint32) view returns (uint32)",
  `function slot(uint32) view returns (${SLOT})`,
  `function page(uint32, uint32) view returns (${SLOT}[])`,
  "function hotKeyAt(uint32, uint32) view returns (address)",
  "function slotOf(address) view returns (bool found, uint32 slot)",
  "function nextAnchor(uint32) view returns (bytes32 anchor, uint32 firstEpoch)",
  "function stakeRequired() view returns (uint128)",
  "function count() view returns (uint24)",
  `function device(uint24) view returns (${DEVICE})`,
  "function at(uint24, uint32) view returns (uint32 weight, uint8 phase)",
  `function page(uint24, uint24, uint32) view returns (uint24[], ${DEVICE}[], uint32[], uint8[])`,
  "function totalWeightAt(uint32) view returns (uint64)",
  "function wasInService(uint24, uint32) view returns (bool)",
  "function bondPerWeight() view returns (uint128)",
  "function reportsOf(uint32, uint32[]) view returns (bytes32[])",
  "function settled(uint32, uint24) view returns (bool)",
  "function account(uint32) view returns (uint128 owed, uint64 agreed, uint64 disagreed)",
  "function earned(address) view returns (uint256)",
  "function emissionOf(uint32) view returns (uint256)",
  "function funded(uint32) view returns (uint256)",
  "function balanceOf(address) view returns (uint256)",
  "function allowance(address, address) view returns (uint256)",
  "function ownerOf(uint256) view returns (address)",
  "event Revealed(uint32 indexed epoch, uint32 indexed slot, bytes32 secret, bytes32 transcriptRoot,"
    + " bytes32 policyHash, bytes32 root, bytes32[] words)",
  "event Settled(uint32 indexed epoch, uint24 indexed device, uint8 median, uint8 presentMask,"
    + " uint8 agreedMask, uint256 providerPay, uint256 commissionEach)",
  "event Committed(uint32 indexed epoch, uint32 indexed slot, bytes32 commitment)",
  "event Funded(uint32 indexed epoch, address indexed from, uint256 amount)",
  "event BondBurned(uint24 indexed device, uint256 amount)",
  "event LateRequested(uint32 indexed epoch, uint64 blockNumber)",
  "event Slashed(uint32 indexed slot, uint256 amount, uint256 toReporter, address reporter)",
]);

const A = "0x" + "a1".repeat(20), B = "0x" + "b2".repeat(20);
const word = (byte) => "0x" + byte.repeat(32);
const name = (text) => ethers.encodeBytes32String(text);
const MOST_32 = 2 ** 32 - 1;
const MOST_128 = 2n ** 128n - 1n;

const slot = (id) => [A, B, word("0c"), word("0d"), id, MOST_128, 10n ** 30n + BigInt(id), 3, MOST_32,
  2n ** 64n - 1n, 9, true];
const device = (weight, phase, endpoint) => [B, A, word("1c"), endpoint, name("cpu-small"), name("eu"),
  10n ** 9n, 10n ** 8n, weight, phase, 77n * 10n ** 18n, 1_700_000_000n];

const views = [
  ["openings(uint32)", [7], [word("be"), 2n ** 64n - 1n, 1_700_000_001n]],
  ["openings(uint32)", [8], [word("00"), 0, 0]],
  ["countsFrom()", [], [MOST_32]],
  ["countAt(uint32)", [7], [41]],
  ["slot(uint32)", [3], [slot(3)]],
  ["page(uint32,uint32)", [0, 200], [[slot(0), slot(1)]]],
  ["hotKeyAt(uint32,uint32)", [3, 7], [B]],
  ["slotOf(address)", [A], [true, 5]],
  ["slotOf(address)", [B], [false, 0]],
  ["nextAnchor(uint32)", [3], [word("0e"), 12]],
  ["nextAnchor(uint32)", [4], [word("00"), 0]],
  ["stakeRequired()", [], [MOST_128]],
  ["count()", [], [300]],
  ["device(uint24)", [9], [device(1234, 2, "[::1]:443")]],
  ["at(uint24,uint32)", [9, 7], [55, 1]],
  ["page(uint24,uint24,uint32)", [0, 200, 7], [[4, 9], [device(1, 1, "a:1"), device(1, 3, "b".repeat(255))],
    [100, MOST_32], [1, 3]]],
  ["page(uint24,uint24,uint32)", [200, 200, 7], [[], [], [], []]],
  ["totalWeightAt(uint32)", [7], [2n ** 56n]],
  ["wasInService(uint24,uint32)", [9, 7], [true]],
  ["bondPerWeight()", [], [5n]],
  ["reportsOf(uint32,uint32[])", [7, [1, 2, 3]], [[word("00"), word("22"), word("33")]]],
  ["settled(uint32,uint24)", [7, 9], [true]],
  ["account(uint32)", [3], [MOST_128, 12n, 13n]],
  ["earned(address)", [A], [2n ** 256n - 1n]],
  ["emissionOf(uint32)", [7], [27_000n * 10n ** 18n]],
  ["funded(uint32)", [7], [1n]],
  ["balanceOf(address)", [A], [2n]],
  ["allowance(address,address)", [A, B], [3n]],
  ["ownerOf(uint256)", [10n ** 30n], [B]],
].map(([view, given, returned]) => ({
  view,
  input: contracts.encodeFunctionData(view, given),
  output: contracts.encodeFunctionResult(view, returned),
}));

const events = [
  ["Revealed", [7, 3, word("01"), word("02"), word("03"), word("05"), [word("aa"), word("bb")]]],
  ["Settled", [7, 0xfffffe, 255, 0x7f, 0x15, MOST_128, 2n ** 256n - 1n]],
  ["Committed", [7, 3, word("cc")]],
  ["Funded", [7, A, 10n ** 27n]],
  ["BondBurned", [9, 4n]],
  ["LateRequested", [7, 2n ** 64n - 1n]],
  ["Slashed", [3, 10n ** 21n, 10n ** 20n, B]],
].map(([event, values]) => ({ event, ...contracts.encodeEventLog(event, values) }));

finish(JSON.stringify({ views, events }, null, 1) + "\n");
