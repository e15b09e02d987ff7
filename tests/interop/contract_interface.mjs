// The contracts' events and calls as docs/settlement.md's readers know them: written by hand, apart
// from the sources and the compiler's output.
import {ethers} from "./ethers.mjs";

const REGISTRATION = "(address key, bytes32 tlsPin, string endpoint, bytes32 deviceClass, "
  + "bytes32 region, uint32 weight, uint64 downBitsPerSecond, uint64 upBitsPerSecond)";
const PROOF = "(bytes32 word, uint32 index, uint24 next, bytes32[] path)";
const PAUSES = ["event Paused(uint8 group, address account)",
  "event Unpaused(uint8 group, address account)"];
const ROLES = ["event RoleGranted(bytes32 indexed role, address indexed account, address indexed "
  + "sender)",
"event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender)"];

const SIGNATURES = {
  KaiToken: ["event Transfer(address indexed from, address indexed to, uint256 value)",
    "event Approval(address indexed owner, address indexed spender, uint256 value)",
    "function approve(address spender, uint256 value)", ...ROLES],
  CheckerLicense: ["event Transfer(address indexed from, address indexed to, uint256 indexed "
    + "tokenId)",
  "event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId)",
  "event ApprovalForAll(address indexed owner, address indexed operator, bool approved)", ...ROLES],
  Emission: ["event Funded(uint32 indexed epoch, address indexed from, uint256 amount)"],
  BlockHashBeacon: ["event LateRequested(uint32 indexed epoch, uint64 blockNumber)",
    "event EpochOpened(uint32 indexed epoch, bytes32 beacon, uint64 blockNumber, uint64 timestamp)",
    "function openEpoch(uint32 e, bytes header, bytes parent)", "function requestLate(uint32 e)",
    "function openLate(uint32 e)"],
  Devices: [`event DeviceRegistered(uint24 indexed device, address indexed owner, ${REGISTRATION} `
    + "registration, uint32 countsFrom)",
  "event EndpointChanged(uint24 indexed device, string endpoint, bytes32 tlsPin)",
  "event WeightChanged(uint24 indexed device, uint32 weight, uint32 countsFrom)",
  "event PhaseChanged(uint24 indexed device, uint8 phase, uint32 countsFrom)",
  "event DeviceExited(uint24 indexed device, uint64 exitAt)",
  "event BondClaimed(uint24 indexed device, uint256 amount)",
  "event BondBurned(uint24 indexed device, uint256 amount)",
  "event BondPerWeightChanged(uint128 amount)", `function register(${REGISTRATION} r)`,
  "function setEndpoint(uint24 device, string endpoint, bytes32 tlsPin)",
  "function exit(uint24 device)", "function claimBond(uint24 device)", ...PAUSES, ...ROLES],
  Slots: ["event SlotRegistered(uint32 indexed slot, address indexed owner, address indexed "
    + "hotKey, bytes32 tlsPin, bytes32 anchor, uint256 license, uint256 stake, uint32 firstEpoch)",
  "event HotKeyChanged(uint32 indexed slot, address hotKey, uint32 countsFrom)",
  "event TlsPinChanged(uint32 indexed slot, bytes32 tlsPin)",
  "event AnchorChanged(uint32 indexed slot, bytes32 anchor, uint32 firstEpoch)",
  "event ExitRequested(uint32 indexed slot, uint32 activeUntil, uint64 claimableAt)",
  "event Claimed(uint32 indexed slot, uint256 amount)",
  "event Slashed(uint32 indexed slot, uint256 amount, uint256 toReporter, address reporter)",
  "event Ejected(uint32 indexed slot)", "event StakeChanged(uint128 stake)",
  "event SettlementSet(address settlement)", ...PAUSES, ...ROLES],
  Reports: ["event Committed(uint32 indexed epoch, uint32 indexed slot, bytes32 commitment)",
    "event Revealed(uint32 indexed epoch, uint32 indexed slot, bytes32 secret, bytes32 "
    + "transcriptRoot, bytes32 policyHash, bytes32 root, bytes32[] words)",
    "event Missed(uint32 indexed epoch, uint32 indexed slot, address reporter)",
    "event Unrevealed(uint32 indexed epoch, uint32 indexed slot, address reporter)",
    "event Equivocated(uint32 indexed epoch, uint32 indexed slot, bytes32 commitmentA, bytes32 "
    + "commitmentB, address reporter)",
    "function commit(uint32 e, uint32 slot, bytes32 commitment)",
    "function reveal(uint32 e, uint32 slot, bytes32 secret, bytes32 transcriptRoot, bytes32 "
    + "policyHash, bytes32[] words)", ...PAUSES, ...ROLES],
  Settlement: ["event Settled(uint32 indexed epoch, uint24 indexed device, uint8 median, uint8 "
    + "presentMask, uint8 agreedMask, uint256 providerPay, uint256 commissionEach)",
  "event Withdrawn(address indexed account, uint256 amount)",
  `function settle(uint32 e, uint24 p, ${PROOF}[] proofs)`,
  `function settleBatch(uint32 e, (uint24 device, ${PROOF}[] proofs)[] items)`,
  "function withdraw()", "function withdrawSlots(uint32[] slots)", ...PAUSES, ...ROLES],
};

/** Interface by contract name. */
export const INTERFACES = Object.fromEntries(
  Object.entries(SIGNATURES).map(([name, signatures]) => [name, new ethers.Interface(signatures)]));

export const REPORT_TYPES = {Report: [{name: "epoch", type: "uint32"},
  {name: "slot", type: "uint32"}, {name: "specVersion", type: "uint16"},
  {name: "commitment", type: "bytes32"}]};
