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
    uint256 private constant LANES = 8;

    /// @notice The first ids of words must ascend.
    error WordsNotAscending(uint256 index, uint24 first, uint24 next);

    /// @notice The root of a report, with the lowest bit set.
    function root(bytes32[] calldata words) internal pure returns (bytes32) {
        uint256 count = words.length;
        if (count == 0) return _marked(leaf(NO_LANES, 0, NO_DEVICE));
        bytes32[] memory level = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint24 next = NO_DEVICE;
            if (i + 1 < count) {
                next = _first(words[i + 1]);
                if (next <= _first(words[i])) revert WordsNotAscending(i, _first(words[i]), next);
            }
            level[i] = leaf(words[i], i, next);
        }
        while (count > 1) {
            uint256 pairs = count / 2;
            for (uint256 i = 0; i < pairs; ++i) {
                level[i] = Hashes.commutativeKeccak256(level[2 * i], level[2 * i + 1]);
            }
            if (count % 2 == 1) level[pairs] = level[count - 1];
            count = pairs + count % 2;
        }
        return _marked(level[0]);
    }

    /// @notice Whether `proof` opens the leaf that covers `device` under a stored root.
    function opens(Proof calldata proof, uint24 device, bytes32 stored) internal pure returns (bool) {
        if (device >= proof.next || (proof.index != 0 && device < _first(proof.word))) return false;
        bytes32 start = leaf(proof.word, proof.index, proof.next);
        return _marked(MerkleProof.processProofCalldata(proof.path, start)) == stored;
    }

    /// @notice The score of `device` in a word, at most 200; ABSENT when there is none.
    function scoreIn(bytes32 word, uint24 device) internal pure returns (uint8) {
        for (uint256 lane = 0; lane < LANES; ++lane) {
            uint32 value = uint32(uint256(word) >> (224 - 32 * lane));
            if (value >> 8 == device) {
                uint8 score = uint8(value);
                return score > MOST_SCORE ? ABSENT : score;
            }
        }
        return ABSENT;
    }

    /// @dev 33 bytes under the outer hash: no inner node, which has 64, can be taken for a leaf.
    function leaf(bytes32 word, uint256 index, uint24 next) internal pure returns (bytes32) {
        bytes32 place = bytes32(index << 128 | next);
        return keccak256(bytes.concat(Hashes.efficientKeccak256(word, place), bytes1(0x01)));
    }

    function _first(bytes32 word) private pure returns (uint24) {
        return uint24(bytes3(word));
    }

    function _marked(bytes32 value) private pure returns (bytes32) {
        return value | bytes32(uint256(1));
    }
}
