// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {IBeacon} from "./IBeacon.sol";
import {PauseGroups} from "./PauseGroups.sol";
import {ReportTree} from "./ReportTree.sol";
import {EpochClock, Schedule} from "./Schedule.sol";
import {Slots} from "./Slots.sol";

/// @title What the checkers found: committed to first, shown later
/// @notice One report a slot and epoch. What is stored goes from 0 to a commitment (lowest bit 0) to the root of the
/// report's words (lowest bit 1), and nowhere else.
contract Reports is EpochClock, PauseGroups {
    using BitMaps for BitMaps.BitMap;

    /// @notice Pause group of `commit` and `commitBySig`.
    uint8 public constant COMMIT = 0;
    /// @notice Pause group of `reveal`.
    uint8 public constant REVEAL = 1;

    uint16 private constant SPEC_VERSION = 1;
    bytes32 private constant REPORT_TYPEHASH =
        keccak256("Report(uint32 epoch,uint32 slot,uint16 specVersion,bytes32 commitment)");
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant DOMAIN_NAME = keccak256("Kaisar Checker");
    bytes32 private constant DOMAIN_VERSION = keccak256("1");
    bytes32 private constant ROOT_FLAG = bytes32(uint256(1));

    Slots private immutable SLOTS;
    IBeacon private immutable BEACON;
    uint256 private immutable CHAIN_ID;
    bytes32 private immutable DOMAIN;

    mapping(uint32 e => mapping(uint32 slot => bytes32)) private _reports;
    /// @dev Slots whose missed or not shown report of an epoch was slashed: one of both at most.
    mapping(uint32 e => BitMaps.BitMap) private _slashed;

    event Committed(uint32 indexed epoch, uint32 indexed slot, bytes32 commitment);
    event Revealed(
        uint32 indexed epoch,
        uint32 indexed slot,
        bytes32 secret,
        bytes32 transcriptRoot,
        bytes32 policyHash,
        bytes32 root,
        bytes32[] words
    );
    event Missed(uint32 indexed epoch, uint32 indexed slot, address reporter);
    event Unrevealed(uint32 indexed epoch, uint32 indexed slot, address reporter);
    event Equivocated(
        uint32 indexed epoch, uint32 indexed slot, bytes32 commitmentA, bytes32 commitmentB, address reporter
    );

    /// @notice Allowed in [begin, end), Unix seconds.
    error OutsideWindow(uint256 begin, uint256 end, uint256 time);
    /// @notice The signer is not the slot's hot key of that epoch (0: the slot is not active in it).
    error NotHotKey(uint32 slot, uint32 epoch, address signer, address hotKey);
    /// @notice A commitment of zero (its lowest bit aside) stands for none.
    error ZeroCommitment();
    /// @notice There is a report of this slot.
    error AlreadyCommitted(uint32 epoch, uint32 slot, bytes32 stored);
    /// @notice There is no commitment of this slot.
    error NotCommitted(uint32 epoch, uint32 slot);
    /// @notice The report was shown.
    error AlreadyRevealed(uint32 epoch, uint32 slot);
    /// @notice What is shown was not what was committed to.
    error WrongReport(uint32 epoch, uint32 slot, bytes32 shown, bytes32 committed);
    /// @notice Nobody opened the epoch while it lasted, so nobody could check.
    error NotOpenedInTime(uint32 epoch, uint64 openedAt, uint256 end);
    /// @notice The slot is not active in the epoch.
    error NotActive(uint32 slot, uint32 epoch);
    /// @notice The offence was slashed before.
    error AlreadySlashed(uint32 epoch, uint32 slot);
    /// @notice A pause touched the window, so missing it is no offence.
    error ExcusedByPause(uint32 epoch, uint8 group);
    /// @notice Both commitments are the same.
    error SameCommitment(bytes32 commitment);

    /// @param admin grants and revokes roles
    constructor(Slots slots, IBeacon beacon, Schedule memory s, address admin)
        EpochClock(s)
        PauseGroups(admin)
    {
        SLOTS = slots;
        BEACON = beacon;
        CHAIN_ID = block.chainid;
        DOMAIN = _makeDomain();
    }

    /// @notice Commits to the report of epoch `e`; by the hot key of that epoch, in the commit window.
    function commit(uint32 e, uint32 slot, bytes32 commitment) external whenRunning(COMMIT) {
        _commit(e, slot, commitment, msg.sender);
    }

    /// @notice As `commit`, by anybody who has the hot key's signature of the Report (EIP-712).
    function commitBySig(uint32 e, uint32 slot, bytes32 commitment, bytes calldata signature)
        external
        whenRunning(COMMIT)
    {
        _commit(e, slot, commitment, _signer(_domain(), e, slot, commitment, signature));
    }

    /// @notice Shows the report of epoch `e`, in the reveal window. By anybody: before, only its maker knows it.
    /// @param secret the slot's secret of the epoch; the anchor of the next one from now on
    /// @param transcriptRoot root of the challenge log
    /// @param policyHash SHA-256 of the policy's bytes
    /// @param words the scores; first ids ascend
    function reveal(
        uint32 e,
        uint32 slot,
        bytes32 secret,
        bytes32 transcriptRoot,
        bytes32 policyHash,
        bytes32[] calldata words
    ) external whenRunning(REVEAL) {
        _checkWindow(_revealBegin(e), _revealEnd(e));
        bytes32 stored = _reports[e][slot];
        if (stored == 0) revert NotCommitted(e, slot);
        if (_isRoot(stored)) revert AlreadyRevealed(e, slot);
        bytes32 origin = keccak256(abi.encode(transcriptRoot, policyHash, secret));
        bytes32 shown = Hashes.efficientKeccak256(_hash(words), origin);
        if (shown & ~ROOT_FLAG != stored) revert WrongReport(e, slot, shown, stored);
        bytes32 root = ReportTree.root(words);
        _reports[e][slot] = root;
        SLOTS.advanceAnchor(slot, e, secret);
        emit Revealed(e, slot, secret, transcriptRoot, policyHash, root, words);
    }

    /// @notice Slashes an active slot that committed to nothing in an epoch that was opened in time.
    function markMissed(uint32 e, uint32 slot) external {
        _checkWindow(_revealBegin(e), _disputeEnd(e));
        uint64 openedAt = BEACON.openedAt(e);
        if (openedAt == 0 || openedAt >= _end(e)) revert NotOpenedInTime(e, openedAt, _end(e));
        if (!SLOTS.isActive(slot, e)) revert NotActive(slot, e);
        if (_reports[e][slot] != 0) revert AlreadyCommitted(e, slot, _reports[e][slot]);
        if (_wasPaused(COMMIT, _end(e), _revealBegin(e))) revert ExcusedByPause(e, COMMIT);
        _markSlashed(e, slot);
        emit Missed(e, slot, msg.sender);
        SLOTS.slashMissed(slot, e, msg.sender);
    }

    /// @notice Slashes a slot whose commitment was not shown.
    function markUnrevealed(uint32 e, uint32 slot) external {
        _checkWindow(_revealEnd(e), _disputeEnd(e));
        bytes32 stored = _reports[e][slot];
        if (stored == 0) revert NotCommitted(e, slot);
        if (_isRoot(stored)) revert AlreadyRevealed(e, slot);
        if (_wasPaused(REVEAL, _revealBegin(e), _revealEnd(e))) revert ExcusedByPause(e, REVEAL);
        _markSlashed(e, slot);
        emit Unrevealed(e, slot, msg.sender);
        SLOTS.slashUnrevealed(slot, msg.sender);
    }

    /// @notice Slashes and ejects a slot whose hot key signed two different commitments for one epoch. Once a slot.
    function proveEquivocation(
        uint32 e,
        uint32 slot,
        bytes32 commitmentA,
        bytes calldata signatureA,
        bytes32 commitmentB,
        bytes calldata signatureB
    ) external {
        _checkWindow(0, _disputeEnd(e));
        if (commitmentA == commitmentB) revert SameCommitment(commitmentA);
        bytes32 domain = _domain();
        address signer = _signer(domain, e, slot, commitmentA, signatureA);
        address other = _signer(domain, e, slot, commitmentB, signatureB);
        if (signer != other) revert NotHotKey(slot, e, other, signer);
        emit Equivocated(e, slot, commitmentA, commitmentB, msg.sender);
        SLOTS.eject(slot, e, signer, msg.sender);
    }

    /// @notice 0, a commitment (lowest bit 0) or a root (lowest bit 1).
    function reportOf(uint32 e, uint32 slot) external view returns (bytes32) {
        return _reports[e][slot];
    }

    /// @notice As `reportOf`, for several slots.
    function reportsOf(uint32 e, uint32[] calldata slots) external view returns (bytes32[] memory found) {
        found = new bytes32[](slots.length);
        mapping(uint32 slot => bytes32) storage reports = _reports[e];
        for (uint256 i = 0; i < slots.length; ++i) {
            found[i] = reports[slots[i]];
        }
    }

    function _commit(uint32 e, uint32 slot, bytes32 commitment, address signer) private {
        _checkWindow(_end(e), _revealBegin(e));
        address hotKey = SLOTS.hotKeyAt(slot, e);
        if (signer != hotKey) revert NotHotKey(slot, e, signer, hotKey);
        bytes32 kept = commitment & ~ROOT_FLAG;
        if (kept == 0) revert ZeroCommitment();
        mapping(uint32 slot => bytes32) storage reports = _reports[e];
        if (reports[slot] != 0) revert AlreadyCommitted(e, slot, reports[slot]);
        reports[slot] = kept;
        emit Committed(e, slot, commitment);
    }

    function _markSlashed(uint32 e, uint32 slot) private {
        if (_slashed[e].get(slot)) revert AlreadySlashed(e, slot);
        _slashed[e].set(slot);
    }

    function _checkWindow(uint256 begin, uint256 end) private view {
        if (block.timestamp < begin || block.timestamp >= end) revert OutsideWindow(begin, end, block.timestamp);
    }

    /// @dev 65 bytes r || s || v, s in the lower half.
    function _signer(bytes32 domain, uint32 e, uint32 slot, bytes32 commitment, bytes calldata signature)
        private
        pure
        returns (address)
    {
        if (signature.length != 65) revert ECDSA.ECDSAInvalidSignatureLength(signature.length);
        bytes32 content = keccak256(abi.encode(REPORT_TYPEHASH, e, slot, SPEC_VERSION, commitment));
        return ECDSA.recover(
            MessageHashUtils.toTypedDataHash(domain, content),
            uint8(signature[64]),
            bytes32(signature[:32]),
            bytes32(signature[32:64])
        );
    }

    /// @dev As `keccak256(abi.encodePacked(words))`, which would copy word by word for 100 gas each.
    function _hash(bytes32[] calldata words) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, words.offset, shl(5, words.length))
            value := keccak256(free, shl(5, words.length))
        }
    }

    function _isRoot(bytes32 stored) private pure returns (bool) {
        return stored & ROOT_FLAG != 0;
    }

    /// @dev Of EIP-712; another one after the chain split.
    function _domain() private view returns (bytes32) {
        return block.chainid == CHAIN_ID ? DOMAIN : _makeDomain();
    }

    function _makeDomain() private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, DOMAIN_NAME, DOMAIN_VERSION, block.chainid, address(this)));
    }
}
