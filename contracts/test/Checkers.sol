// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Proof} from "../src/ReportTree.sol";
import {Arena} from "./Arena.sol";
import {TreeBuilder} from "./TreeBuilder.sol";
import {vm} from "./Vm.sol";

/// @title Checkers with keys, hash chains and reports, as honest as the test lets them be
abstract contract Checkers is Arena {
    uint256 internal constant FIRST_KEY = 0xC0FFEE;
    /// @dev Epochs that a hash chain lasts.
    uint256 internal constant CHAIN_LENGTH = 128;
    bytes32 internal constant TRANSCRIPT = keccak256("transcript");
    bytes32 internal constant POLICY = keccak256("policy");

    /// @dev Every registration gets the next number: of its owner, its key and its hash chain. Slot ids return.
    uint32 internal registrations;
    mapping(uint32 slot => uint32) internal numberOf;
    /// @dev First epoch of a slot's hash chain.
    mapping(uint32 slot => uint32) internal chainFrom;
    /// @dev What each slot committed to.
    mapping(uint32 e => mapping(uint32 slot => bytes32[])) internal wordsOf;

    function _ownerOf(uint32 slot) internal view returns (address) {
        return address(uint160(0xB000 + numberOf[slot]));
    }

    function _keyOf(uint32 slot) internal view returns (uint256) {
        return FIRST_KEY + numberOf[slot];
    }

    function _hotKeyOf(uint32 slot) internal view returns (address) {
        return vm.addr(_keyOf(slot));
    }

    function _addChecker() internal returns (uint32 slot) {
        uint32 number = registrations++;
        slot = _addSlot(address(uint160(0xB000 + number)), vm.addr(FIRST_KEY + number), _secretOf(number, 0));
        numberOf[slot] = number;
        chainFrom[slot] = slots.countsFrom();
    }

    function _addCheckers(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            _addChecker();
        }
    }

    /// @dev The secret of the `epochs`-th epoch of a chain, counted from 1; 0: the anchor.
    function _secretOf(uint32 number, uint256 epochs) internal pure returns (bytes32 secret) {
        secret = keccak256(abi.encode("chain", number));
        for (uint256 i = epochs; i < CHAIN_LENGTH; ++i) {
            secret = keccak256(abi.encode(secret));
        }
    }

    function _secret(uint32 slot, uint32 e) internal view returns (bytes32) {
        return _secretOf(numberOf[slot], 1 + e - chainFrom[slot]);
    }

    /// @dev Of what stands in `wordsOf`.
    function _commitment(uint32 e, uint32 slot) internal view returns (bytes32) {
        return TreeBuilder.commitmentOf(wordsOf[e][slot], TRANSCRIPT, POLICY, _secret(slot, e));
    }

    /// @dev In the commit window.
    function _commit(uint32 e, uint32 slot, bytes32[] memory words) internal {
        wordsOf[e][slot] = words;
        bytes32 commitment = _commitment(e, slot);
        vm.prank(_hotKeyOf(slot));
        reports.commit(e, slot, commitment);
    }

    /// @dev In the reveal window.
    function _reveal(uint32 e, uint32 slot) internal {
        reports.reveal(e, slot, _secret(slot, e), TRANSCRIPT, POLICY, wordsOf[e][slot]);
    }

    /// @dev One word that gives the devices 0, 1, … these scores.
    function _words(uint8[] memory scores) internal pure returns (bytes32[] memory words) {
        words = new bytes32[](1);
        words[0] = TreeBuilder.wordOf(0, scores);
    }

    function _words(uint8 score) internal pure returns (bytes32[] memory) {
        uint8[] memory scores = new uint8[](1);
        scores[0] = score;
        return _words(scores);
    }

    /// @dev One for each member of the device's committee, empty for those whose report was not shown.
    function _proofs(uint32 e, uint24 device) internal view returns (Proof[] memory proofs) {
        uint32[] memory members = settlement.committee(e, device);
        proofs = new Proof[](members.length);
        for (uint256 i = 0; i < members.length; ++i) {
            bool shown = uint256(reports.reportOf(e, members[i])) & 1 == 1;
            if (shown) proofs[i] = TreeBuilder.prove(wordsOf[e][members[i]], device);
        }
    }

    function _settle(uint32 e, uint24 device) internal {
        settlement.settle(e, device, _proofs(e, device));
    }

    /// @dev Opens `e` at its begin, then every slot below `count` commits to `score` for device 0 and shows it; ends
    /// when settling begins.
    function _runEpoch(uint32 e, uint32 count, uint8 score) internal {
        vm.warp(_begin(e));
        beacon.open(e, keccak256(abi.encode("beacon", e)));
        vm.warp(_commitBegin(e));
        for (uint32 slot = 0; slot < count; ++slot) {
            _commit(e, slot, _words(score));
        }
        vm.warp(_revealBegin(e));
        for (uint32 slot = 0; slot < count; ++slot) {
            _reveal(e, slot);
        }
        vm.warp(_settleBegin(e));
    }
}
