// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @notice Opens the leaf of a report that covers a device. All zero and empty for a member without a shown report.
/// @param word eight lanes of device id (3 bytes) and score (1 byte)
/// @param index of the word in the report
/// @param next first id of the word after it, 0xffffff for the last one
/// @param path siblings from the leaf up
struct Proof {
    bytes32 word;
    uint32 index;
    uint24 next;
    bytes32[] path;
}

/// @title The Merkle tree over a report's words
/// @notice Leaf i covers the ids from the first id of word i up to that of the next word, leaf 0 from id 0: one proof
/// shows either a device's score or that the report has none. A stored root has its lowest bit set.
library ReportTree {
    /// @dev No device has this id; it ends the last leaf's range and fills unused lanes.
    uint24 internal constant NO_DEVICE = 0xffffff;
    /// @dev Eight unused lanes.
    bytes32 internal constant NO_LANES = 0xffffff00ffffff00ffffff00ffffff00ffffff00ffffff00ffffff00ffffff00;
    /// @dev Instead of a score.
    uint8 internal constant ABSENT = 255;
    uint8 internal constant MOST_SCORE = 200;
    uint256 private constant LANE_BITS = 32;

    /// @notice The first ids of words must ascend.
    error WordsNotAscending(uint256 index, uint24 first, uint24 next);

    /// @notice The root of a report, with the lowest bit set.
    function root(bytes32[] calldata words) internal pure returns (bytes32) {
        uint256 count = words.length;
        if (count == 0) return _marked(leaf(NO_LANES, 0, NO_DEVICE));
        bytes32[] memory level = new bytes32[](count);
        bytes32 word = words[0];
        for (uint256 i = 0; i < count; ++i) {
            bytes32 following = i + 1 < count ? words[i + 1] : NO_LANES;
            if (_first(following) <= _first(word) && i + 1 < count) {
                revert WordsNotAscending(i, _first(word), _first(following));
            }
            level[i] = leaf(word, i, _first(following));
            word = following;
        }
        return _marked(_reduce(level));
    }

    /// @notice Whether `proof` opens the leaf that covers `device` under a stored root.
    function opens(Proof calldata proof, uint24 device, bytes32 stored) internal pure returns (bool) {
        if (device >= proof.next || (proof.index != 0 && device < _first(proof.word))) return false;
        bytes32 start = leaf(proof.word, proof.index, proof.next);
        return _marked(MerkleProof.processProofCalldata(proof.path, start)) == stored;
    }

    /// @notice The score of `device` in a word, at most 200; ABSENT when there is none.
    function scoreIn(bytes32 word, uint24 device) internal pure returns (uint8) {
        uint256 lanes = uint256(word);
        for (uint256 shift = 256; shift > 0;) {
            unchecked {
                shift -= LANE_BITS;
            }
            uint32 lane = uint32(lanes >> shift);
            if (lane >> 8 == device) {
                return uint8(lane) > MOST_SCORE ? ABSENT : uint8(lane);
            }
        }
        return ABSENT;
    }

    /// @dev 33 bytes under the outer hash: no inner node, which has 64, can be taken for a leaf. In the scratch space,
    /// since memory for each of a report's leaves would cost a reveal of 700 devices a quarter of its limit.
    function leaf(bytes32 word, uint256 index, uint24 next) internal pure returns (bytes32 value) {
        bytes32 inner = Hashes.efficientKeccak256(word, bytes32(index << 128 | next));
        assembly ("memory-safe") {
            mstore(0, inner)
            mstore8(32, 1)
            value := keccak256(0, 33)
        }
    }

    /// @dev Pairs from left to right, each hashed as a sorted pair; a last node without a partner goes up as it is.
    /// Overwrites the level. Without the checks of array bounds, which would cost more than the hashing.
    function _reduce(bytes32[] memory level) private pure returns (bytes32 top) {
        assembly ("memory-safe") {
            let begin := add(level, 32)
            for { let count := mload(level) } gt(count, 1) { count := shr(1, add(count, 1)) } {
                let to := begin
                let end := add(begin, shl(5, and(count, not(1))))
                for { let from := begin } lt(from, end) { from := add(from, 64) } {
                    let a := mload(from)
                    let b := mload(add(from, 32))
                    let smaller := lt(a, b)
                    mstore(shl(5, iszero(smaller)), a)
                    mstore(shl(5, smaller), b)
                    mstore(to, keccak256(0, 64))
                    to := add(to, 32)
                }
                if and(count, 1) { mstore(to, mload(end)) }
            }
            top := mload(begin)
        }
    }

    function _first(bytes32 word) private pure returns (uint24) {
        return uint24(bytes3(word));
    }

    function _marked(bytes32 value) private pure returns (bytes32) {
        return value | bytes32(uint256(1));
    }
}
