// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Proof} from "../src/ReportTree.sol";
import {Arena, Terms} from "./Arena.sol";
import {TreeBuilder} from "./TreeBuilder.sol";
import {vm} from "./Vm.sol";

/// @title A small network that runs: slots with hash chains, devices, whole epochs
/// @dev Slot i has the hot key `_hotKey(i)` and is registered before genesis; its secret of epoch e is
/// `_secret(i, e)`. All devices of one owner, promoted before genesis.
abstract contract Network is Arena {
    uint256 private constant CHAIN_LENGTH = 200;
    address internal constant PROVIDER = address(0xF00D);
    bytes32 internal constant TRANSCRIPT = keccak256("transcript");
    bytes32 internal constant POLICY = keccak256("policy");

    function _raise(uint256 slotCount, uint256 deviceCount) internal {
        _deploy(_usualTerms());
        for (uint256 i = 0; i < slotCount; ++i) {
            _addSlot(_owner(i), vm.addr(_hotKey(i)), _anchor(i, 0));
        }
        for (uint256 i = 0; i < deviceCount; ++i) {
            _addStandbyDevice(PROVIDER, 1000);
        }
    }

    function _owner(uint256 slot) internal pure returns (address) {
        return address(uint160(0xA000 + slot));
    }

    function _hotKey(uint256 slot) internal pure returns (uint256) {
        return 0xB000 + slot;
    }

    function _secret(uint256 slot, uint256 e) internal pure returns (bytes32 value) {
        value = keccak256(abi.encode("chain", slot));
        for (uint256 i = e; i < CHAIN_LENGTH; ++i) {
            value = keccak256(abi.encode(value));
        }
    }

    /// @dev What the secret of `firstEpoch` hashes to.
    function _anchor(uint256 slot, uint256 firstEpoch) internal pure returns (bytes32) {
        return keccak256(abi.encode(_secret(slot, firstEpoch)));
    }

    function _open(uint32 e) internal {
        vm.warp(_begin(e));
        beacon.open(e, keccak256(abi.encode("beacon", e)));
    }

    /// @dev Words that give `score` to the devices 0 … count - 1, eight to a word.
    function _words(uint256 count, uint8 score) internal pure returns (bytes32[] memory words) {
        words = new bytes32[]((count + 7) / 8);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = TreeBuilder.EMPTY_WORD;
        }
        for (uint256 id = 0; id < count; ++id) {
            words[id / 8] = TreeBuilder.withLane(words[id / 8], id % 8, uint24(id), score);
        }
    }

    function _commitmentOf(uint32 slot, uint32 e, bytes32[] memory words) internal pure returns (bytes32) {
        return TreeBuilder.commitmentOf(words, TRANSCRIPT, POLICY, _secret(slot, e));
    }

    function _commit(uint32 slot, uint32 e, bytes32[] memory words) internal {
        vm.prank(vm.addr(_hotKey(slot)));
        reports.commit(e, slot, _commitmentOf(slot, e, words));
    }

    function _reveal(uint32 slot, uint32 e, bytes32[] memory words) internal {
        reports.reveal(e, slot, _secret(slot, e), TRANSCRIPT, POLICY, words);
    }

    /// @dev Opens the epoch, lets a slot report each of `words`, and ends at the begin of the settle window.
    function _report(uint32 e, bytes32[][] memory words) internal {
        if (beacon.beaconOf(e) == 0) _open(e);
        vm.warp(_commitBegin(e));
        for (uint32 i = 0; i < words.length; ++i) {
            _commit(i, e, words[i]);
        }
        vm.warp(_revealBegin(e));
        for (uint32 i = 0; i < words.length; ++i) {
            _reveal(i, e, words[i]);
        }
        vm.warp(_settleBegin(e));
    }

    /// @dev The proofs for a device's committee when slot i reported words[i]; slots beyond reported nothing.
    function _proofs(uint32 e, uint24 device, bytes32[][] memory words) internal view returns (Proof[] memory proofs) {
        uint32[] memory members = settlement.committee(e, device);
        proofs = new Proof[](members.length);
        for (uint256 i = 0; i < members.length; ++i) {
            if (members[i] < words.length) proofs[i] = TreeBuilder.prove(words[members[i]], device);
        }
    }

    /// @dev The same words for each of `count` slots.
    function _all(uint256 count, bytes32[] memory words) internal pure returns (bytes32[][] memory all) {
        all = new bytes32[][](count);
        for (uint256 i = 0; i < count; ++i) {
            all[i] = words;
        }
    }
}
