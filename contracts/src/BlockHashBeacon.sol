// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IBeacon} from "./IBeacon.sol";
import {RlpHeader} from "./RlpHeader.sol";
import {EpochClock, Schedule} from "./Schedule.sol";

/// @title The hash of the first block of an epoch
/// @notice Who opens an epoch chooses nothing: there is one first block. Its author can still drop it at the price of
/// the block's reward, which a later beacon will end.
contract BlockHashBeacon is EpochClock, IBeacon {
    /// @dev Blocks back to which `blockhash` answers.
    uint256 private constant HASHES_KEPT = 256;

    struct Opening {
        bytes32 beacon;
        uint64 blockNumber;
        uint64 timestamp;
        uint64 openedAt;
    }

    mapping(uint32 e => Opening) private _openings;
    mapping(uint32 e => uint256 blockNumber) private _lateBlocks;

    event LateRequested(uint32 indexed epoch, uint64 blockNumber);
    event EpochOpened(uint32 indexed epoch, bytes32 beacon, uint64 blockNumber, uint64 timestamp);

    /// @notice The epoch has its beacon.
    error AlreadyOpened(uint32 epoch);
    /// @notice The chain does not know this header by that number, or no more.
    error UnknownHeader(bytes32 hash, uint64 number);
    /// @notice The second header is not the parent of the first.
    error NotTheParent(bytes32 hash, bytes32 parent);
    /// @notice The epoch begins at `begin`, and that must lie after the parent's timestamp and not after the block's.
    error NotTheFirstBlock(uint32 epoch, uint256 begin, uint64 parentTimestamp, uint64 timestamp);
    /// @notice A late opening can be asked for from `from` on.
    error TooEarly(uint32 epoch, uint256 from, uint256 time);
    /// @notice A late opening was asked for, and the hash of its block can still be had (or is not there yet).
    error LatePending(uint32 epoch, uint256 blockNumber);
    /// @notice No late opening was asked for, or its block has no hash yet, or no more.
    error NoLateHash(uint32 epoch, uint256 blockNumber);

    constructor(Schedule memory s) EpochClock(s) {}

    /// @notice Opens epoch `e` by the RLP headers of the first block at or after its begin and of that block's parent.
    /// Anybody may, while the chain still knows the block's hash (256 blocks).
    function openEpoch(uint32 e, bytes calldata header, bytes calldata parent) external {
        (bytes32 parentHash, uint64 number, uint64 timestamp) = RlpHeader.read(header);
        bytes32 hash = keccak256(header);
        if (blockhash(number) != hash) revert UnknownHeader(hash, number);
        if (keccak256(parent) != parentHash) revert NotTheParent(keccak256(parent), parentHash);
        (,, uint64 parentTimestamp) = RlpHeader.read(parent);
        uint256 begin = _begin(e);
        if (timestamp < begin || parentTimestamp >= begin) {
            revert NotTheFirstBlock(e, begin, parentTimestamp, timestamp);
        }
        _open(e, hash, number, timestamp);
    }

    /// @notice Asks for another beacon of epoch `e` because nobody opened it in the first half: the hash of the next
    /// block. Again when that hash was not used before the chain forgot it.
    function requestLate(uint32 e) external {
        if (_openings[e].beacon != 0) revert AlreadyOpened(e);
        uint256 from = _begin(e) + _epochSeconds() / 2;
        if (block.timestamp < from) revert TooEarly(e, from, block.timestamp);
        uint256 pending = _lateBlocks[e];
        if (pending != 0 && block.number <= pending + HASHES_KEPT) revert LatePending(e, pending);
        _lateBlocks[e] = block.number + 1;
        emit LateRequested(e, uint64(block.number + 1));
    }

    /// @notice Opens epoch `e` by the hash of the block that `requestLate` fixed.
    function openLate(uint32 e) external {
        uint256 number = _lateBlocks[e];
        bytes32 hash = number == 0 ? bytes32(0) : blockhash(number);
        if (hash == 0) revert NoLateHash(e, number);
        _open(e, hash, uint64(number), uint64(block.timestamp));
    }

    /// @inheritdoc IBeacon
    function beaconOf(uint32 e) external view returns (bytes32) {
        return _openings[e].beacon;
    }

    /// @inheritdoc IBeacon
    function openedAt(uint32 e) external view returns (uint64) {
        return _openings[e].openedAt;
    }

    /// @notice How epoch `e` was opened; zeros when it was not.
    /// @return beacon the block's hash
    /// @return blockNumber of that block
    /// @return timestamp of that block; for a late opening that of the block with the opening, in Unix seconds
    function openings(uint32 e) external view returns (bytes32 beacon, uint64 blockNumber, uint64 timestamp) {
        Opening storage opening = _openings[e];
        return (opening.beacon, opening.blockNumber, opening.timestamp);
    }

    function _open(uint32 e, bytes32 hash, uint64 number, uint64 timestamp) private {
        if (_openings[e].beacon != 0) revert AlreadyOpened(e);
        _openings[e] = Opening(hash, number, timestamp, uint64(block.timestamp));
        emit EpochOpened(e, hash, number, timestamp);
    }
}
