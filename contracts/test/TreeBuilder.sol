// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Proof} from "../src/ReportTree.sol";

/// @title The Merkle tree over a report's words, built in the open for the tests
library TreeBuilder {
    uint24 internal constant NO_DEVICE = 0xffffff;
    bytes32 internal constant EMPTY_WORD = 0xffffff00ffffff00ffffff00ffffff00ffffff00ffffff00ffffff00ffffff00;

    /// @dev One word of up to eight devices with ascending ids `first`, `first` + 1, …
    function wordOf(uint24 first, uint8[] memory scores) internal pure returns (bytes32 word) {
        word = EMPTY_WORD;
        for (uint256 lane = 0; lane < scores.length; ++lane) {
            word = withLane(word, lane, first + uint24(lane), scores[lane]);
        }
    }

    function withLane(bytes32 word, uint256 lane, uint24 id, uint8 score) internal pure returns (bytes32) {
        uint256 shift = 32 * (7 - lane);
        uint256 cleared = uint256(word) & ~(uint256(0xffffffff) << shift);
        return bytes32(cleared | (((uint256(id) << 8) | score) << shift));
    }

    function firstId(bytes32 word) internal pure returns (uint24) {
        return uint24(bytes3(word));
    }

    /// @dev As stored on chain: with the lowest bit set.
    function rootOf(bytes32[] memory words) internal pure returns (bytes32) {
        bytes32[] memory level = _leaves(_filled(words));
        while (level.length > 1) level = _above(level);
        return level[0] | bytes32(uint256(1));
    }

    /// @dev Of the leaf whose range holds the device.
    function prove(bytes32[] memory given, uint24 device) internal pure returns (Proof memory proof) {
        bytes32[] memory words = _filled(given);
        uint256 index = 0;
        while (index + 1 < words.length && firstId(words[index + 1]) <= device) ++index;
        proof.word = words[index];
        proof.index = uint32(index);
        proof.next = _next(words, index);
        bytes32[] memory level = _leaves(words);
        bytes32[] memory path = new bytes32[](32);
        uint256 length = 0;
        for (uint256 at = index; level.length > 1; at /= 2) {
            if ((at ^ 1) < level.length) path[length++] = level[at ^ 1];
            level = _above(level);
        }
        proof.path = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) {
            proof.path[i] = path[i];
        }
    }

    function commitmentOf(bytes32[] memory words, bytes32 transcriptRoot, bytes32 policyHash, bytes32 secret)
        internal
        pure
        returns (bytes32)
    {
        bytes32 origin = keccak256(abi.encodePacked(transcriptRoot, policyHash, secret));
        return keccak256(abi.encodePacked(keccak256(abi.encodePacked(words)), origin));
    }

    function _filled(bytes32[] memory words) private pure returns (bytes32[] memory) {
        if (words.length != 0) return words;
        words = new bytes32[](1);
        words[0] = EMPTY_WORD;
        return words;
    }

    function _next(bytes32[] memory words, uint256 index) private pure returns (uint24) {
        return index + 1 < words.length ? firstId(words[index + 1]) : NO_DEVICE;
    }

    function _leaves(bytes32[] memory words) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](words.length);
        for (uint256 i = 0; i < words.length; ++i) {
            bytes32 inner = keccak256(abi.encodePacked(words[i], uint128(i), uint128(_next(words, i))));
            leaves[i] = keccak256(abi.encodePacked(inner, uint8(1)));
        }
    }

    function _above(bytes32[] memory level) private pure returns (bytes32[] memory above) {
        above = new bytes32[]((level.length + 1) / 2);
        for (uint256 i = 0; i < level.length; i += 2) {
            if (i + 1 == level.length) {
                above[i / 2] = level[i];
                continue;
            }
            (bytes32 a, bytes32 b) = level[i] < level[i + 1] ? (level[i], level[i + 1]) : (level[i + 1], level[i]);
            above[i / 2] = keccak256(abi.encodePacked(a, b));
        }
    }
}
