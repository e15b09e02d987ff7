// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Proof} from "../src/ReportTree.sol";
import {Item, Settlement} from "../src/Settlement.sol";
import {Checkers} from "./Checkers.sol";
import {TreeBuilder} from "./TreeBuilder.sol";
import {vm} from "./Vm.sol";

/// @title What anybody may try when a device is settled
contract HostileSettlementTest is Checkers {
    uint32 private constant E = 0;
    uint24 private constant DEVICE = 0;
    uint256 private constant EMISSION = 27_000 ether;
    address private constant PROVIDER = address(0xA000);

    function setUp() external {
        _deploy(_usualTerms());
        _addCheckers(7);
        _addStandbyDevice(PROVIDER, 100);
    }

    function test_all_that_an_epoch_emits_goes_to_a_perfect_network() external {
        _runEpoch(E, 7, 200);
        _settle(E, DEVICE);
        vm.assertEq(settlement.earned(PROVIDER), EMISSION * 80 / 100);
        for (uint32 slot = 0; slot < 7; ++slot) {
            vm.assertEq(_owed(slot), EMISSION * 20 / 700);
        }
    }

    function test_a_device_is_settled_once_whoever_tries_again() external {
        _runEpoch(E, 7, 200);
        Proof[] memory proofs = _proofs(E, DEVICE);
        settlement.settle(E, DEVICE, proofs);
        uint256 earned = settlement.earned(PROVIDER);
        vm.prank(PROVIDER);
        vm.expectRevert(abi.encodeWithSelector(Settlement.AlreadySettled.selector, E, DEVICE));
        settlement.settle(E, DEVICE, proofs);
        Item[] memory twice = new Item[](2);
        (twice[0], twice[1]) = (Item(DEVICE, proofs), Item(DEVICE, proofs));
        settlement.settleBatch(E, twice);
        vm.assertEq(settlement.earned(PROVIDER), earned);
    }

    function test_one_batch_pays_a_device_that_stands_in_it_twice_once() external {
        _runEpoch(E, 7, 200);
        Item[] memory twice = new Item[](2);
        (twice[0], twice[1]) = (Item(DEVICE, _proofs(E, DEVICE)), Item(DEVICE, _proofs(E, DEVICE)));
        settlement.settleBatch(E, twice);
        vm.assertEq(settlement.earned(PROVIDER), EMISSION * 80 / 100);
    }

    function test_a_shown_report_cannot_be_hidden_from_settling() external {
        _runEpoch(E, 7, 200);
        Proof[] memory proofs = _proofs(E, DEVICE);
        for (uint256 i = 0; i < 7; ++i) {
            Proof memory kept = proofs[i];
            proofs[i] = Proof(0, 0, 0, new bytes32[](0));
            _expectWrongProof(i);
            settlement.settle(E, DEVICE, proofs);
            proofs[i] = kept;
        }
        Proof[] memory fewer = new Proof[](6);
        vm.expectRevert(abi.encodeWithSelector(Settlement.WrongProofCount.selector, 6, 7));
        settlement.settle(E, DEVICE, fewer);
        vm.expectRevert(abi.encodeWithSelector(Settlement.WrongProofCount.selector, 8, 7));
        settlement.settle(E, DEVICE, new Proof[](8));
    }

    function test_a_changed_score_is_refused() external {
        _runEpoch(E, 7, 200);
        Proof[] memory proofs = _proofs(E, DEVICE);
        proofs[3].word = TreeBuilder.withLane(proofs[3].word, 0, DEVICE, 199);
        _expectWrongProof(3);
        settlement.settle(E, DEVICE, proofs);
    }

    function test_the_proof_of_another_member_is_refused() external {
        _runEpoch(E, 7, 200);
        vm.warp(_begin(E + 1));
        beacon.open(E + 1, keccak256("next"));
        vm.warp(_commitBegin(E + 1));
        for (uint32 slot = 0; slot < 7; ++slot) {
            _commit(E + 1, slot, _words(uint8(100 + slot)));
        }
        vm.warp(_revealBegin(E + 1));
        for (uint32 slot = 0; slot < 7; ++slot) {
            _reveal(E + 1, slot);
        }
        vm.warp(_settleBegin(E + 1));
        Proof[] memory proofs = _proofs(E + 1, DEVICE);
        (proofs[0], proofs[1]) = (proofs[1], proofs[0]);
        uint32 first = settlement.committee(E + 1, DEVICE)[0];
        vm.expectRevert(abi.encodeWithSelector(Settlement.WrongProof.selector, E + 1, DEVICE, first));
        settlement.settle(E + 1, DEVICE, proofs);
    }

    function test_a_leaf_that_does_not_cover_the_device_is_refused() external {
        for (uint256 i = 1; i < 20; ++i) {
            _addStandbyDevice(PROVIDER, 1);
        }
        bytes32[] memory words = new bytes32[](3);
        for (uint24 i = 0; i < 3; ++i) {
            words[i] = TreeBuilder.wordOf(8 * i, new uint8[](8));
        }
        vm.warp(_begin(E));
        beacon.open(E, keccak256("beacon"));
        vm.warp(_commitBegin(E));
        _commit(E, 0, words);
        vm.warp(_revealBegin(E));
        _reveal(E, 0);
        vm.warp(_settleBegin(E));
        uint24[4] memory wanted = [uint24(0), 7, 8, 16];
        uint24[4] memory shown = [uint24(8), 8, 7, 15];
        for (uint256 k = 0; k < wanted.length; ++k) {
            Proof[] memory proofs = _proofs(E, wanted[k]);
            uint32[] memory members = settlement.committee(E, wanted[k]);
            for (uint256 i = 0; i < 7; ++i) {
                if (members[i] == 0) proofs[i] = TreeBuilder.prove(words, shown[k]);
            }
            vm.expectRevert(abi.encodeWithSelector(Settlement.WrongProof.selector, E, wanted[k], uint32(0)));
            settlement.settle(E, wanted[k], proofs);
        }
    }

    function test_an_inner_node_is_no_leaf() external {
        bytes32[] memory words = new bytes32[](2);
        (words[0], words[1]) = (TreeBuilder.wordOf(0, new uint8[](8)), TreeBuilder.wordOf(8, new uint8[](8)));
        bytes32 sibling = TreeBuilder.prove(words, 8).path[0];
        vm.warp(_begin(E));
        beacon.open(E, keccak256("beacon"));
        vm.warp(_commitBegin(E));
        _commit(E, 0, words);
        vm.warp(_revealBegin(E));
        _reveal(E, 0);
        vm.warp(_settleBegin(E));
        Proof[] memory proofs = _proofs(E, DEVICE);
        for (uint256 i = 0; i < 7; ++i) {
            if (settlement.committee(E, DEVICE)[i] != 0) continue;
            // The root as a leaf, and the sibling as the word of a leaf without a path.
            proofs[i] = Proof(sibling, 0, 0xffffff, new bytes32[](0));
            _expectWrongProof(i);
            settlement.settle(E, DEVICE, proofs);
        }
    }

    function test_settling_has_a_first_and_a_last_second() external {
        _runEpoch(E, 7, 200);
        Proof[] memory proofs = _proofs(E, DEVICE);
        bytes4 outside = Settlement.OutsideWindow.selector;
        vm.warp(_settleBegin(E) - 1);
        vm.expectRevert(abi.encodeWithSelector(outside, _settleBegin(E), _settleEnd(E), _settleBegin(E) - 1));
        settlement.settle(E, DEVICE, proofs);
        vm.warp(_settleEnd(E));
        vm.expectRevert(abi.encodeWithSelector(outside, _settleBegin(E), _settleEnd(E), _settleEnd(E)));
        settlement.settle(E, DEVICE, proofs);
        vm.warp(_settleEnd(E) - 1);
        settlement.settle(E, DEVICE, proofs);
    }

    function test_an_epoch_that_nobody_opened_is_not_settled() external {
        vm.warp(_settleBegin(E));
        vm.expectRevert(abi.encodeWithSelector(Settlement.NotOpened.selector, E));
        settlement.settle(E, DEVICE, new Proof[](7));
        vm.expectRevert(abi.encodeWithSelector(Settlement.NotOpened.selector, E));
        settlement.committee(E, DEVICE);
    }

    function test_an_unrevealed_commit_does_not_block() external {
        vm.warp(_begin(E));
        beacon.open(E, keccak256("beacon"));
        vm.warp(_commitBegin(E));
        for (uint32 slot = 0; slot < 7; ++slot) {
            _commit(E, slot, _words(180));
        }
        vm.warp(_revealBegin(E));
        for (uint32 slot = 3; slot < 7; ++slot) {
            _reveal(E, slot);
        }
        vm.warp(_settleBegin(E));
        _settle(E, DEVICE);
        vm.assertEq(settlement.earned(PROVIDER), EMISSION * 80 * 180 / (100 * 200));
        for (uint32 slot = 0; slot < 7; ++slot) {
            vm.assertEq(_owed(slot), slot < 3 ? 0 : EMISSION * 20 / 700);
        }
    }

    function test_weight_registered_after_the_beacon_takes_nothing() external {
        vm.warp(_begin(E));
        beacon.open(E, keccak256("beacon"));
        uint24 late = _addStandbyDevice(address(0xBAD), 1_000_000);
        token.transfer(PROVIDER, 10 ** 6 * 1 ether);
        vm.prank(PROVIDER);
        devices.setWeight(DEVICE, 1_000_000);
        vm.assertEq(devices.totalWeightAt(E), 100);
        vm.assertEq(devices.totalWeightAt(E + 1), 100);
        vm.assertEq(devices.totalWeightAt(E + 2), 2_000_000);
        _runEpoch(E, 7, 200);
        vm.expectRevert(abi.encodeWithSelector(Settlement.NoWeight.selector, E, late));
        settlement.settle(E, late, new Proof[](7));
        _settle(E, DEVICE);
        vm.assertEq(settlement.earned(PROVIDER), EMISSION * 80 / 100);
    }

    function test_all_members_absent_pay_nobody_and_burn_nothing() external {
        uint128 bond = devices.device(DEVICE).bond;
        vm.warp(_begin(E));
        beacon.open(E, keccak256("beacon"));
        vm.warp(_settleBegin(E));
        settlement.settle(E, DEVICE, new Proof[](7));
        vm.assertTrue(settlement.settled(E, DEVICE), "not settled");
        vm.assertEq(settlement.earned(PROVIDER), 0);
        for (uint32 slot = 0; slot < 7; ++slot) {
            vm.assertEq(_owed(slot), 0);
        }
        vm.assertEq(devices.device(DEVICE).bond, bond);
    }

    function test_a_device_that_no_report_names_is_not_failed() external {
        _addStandbyDevice(PROVIDER, 100);
        uint128 bond = devices.device(1).bond;
        _runEpoch(E, 7, 200);
        _settle(E, 1);
        vm.assertEq(settlement.earned(PROVIDER), 0);
        vm.assertEq(devices.device(1).bond, bond);
    }

    function test_zero_total_weight_settles_nothing() external {
        vm.prank(PROVIDER);
        devices.exit(DEVICE);
        vm.assertEq(devices.totalWeightAt(E), 0);
        _runEpoch(E, 7, 200);
        Proof[] memory proofs = _proofs(E, DEVICE);
        vm.expectRevert(abi.encodeWithSelector(Settlement.NoWeight.selector, E, DEVICE));
        settlement.settle(E, DEVICE, proofs);
        vm.expectRevert(abi.encodeWithSelector(Settlement.NoWeight.selector, E, uint24(77)));
        settlement.settle(E, 77, proofs);
    }

    function test_a_liar_loses_its_commission_and_the_device_keeps_its_pay() external {
        vm.warp(_begin(E));
        beacon.open(E, keccak256("beacon"));
        vm.warp(_commitBegin(E));
        for (uint32 slot = 0; slot < 7; ++slot) {
            _commit(E, slot, _words(slot == 4 ? 0 : 200));
        }
        vm.warp(_revealBegin(E));
        for (uint32 slot = 0; slot < 7; ++slot) {
            _reveal(E, slot);
        }
        vm.warp(_settleBegin(E));
        _settle(E, DEVICE);
        vm.assertEq(settlement.earned(PROVIDER), EMISSION * 80 / 100);
        (uint128 owed, uint64 agreed, uint64 disagreed) = settlement.account(4);
        vm.assertEq(uint256(owed) + agreed, 0);
        vm.assertEq(disagreed, 1);
    }

    function test_three_liars_of_seven_do_not_move_the_median() external {
        vm.warp(_begin(E));
        beacon.open(E, keccak256("beacon"));
        vm.warp(_commitBegin(E));
        for (uint32 slot = 0; slot < 7; ++slot) {
            _commit(E, slot, _words(slot < 3 ? 0 : 170 + uint8(slot)));
        }
        vm.warp(_revealBegin(E));
        for (uint32 slot = 0; slot < 7; ++slot) {
            _reveal(E, slot);
        }
        vm.warp(_settleBegin(E));
        _settle(E, DEVICE);
        vm.assertEq(settlement.earned(PROVIDER), EMISSION * 80 * 173 / (100 * 200));
    }

    function test_a_bad_device_in_standby_loses_its_largest_reward_of_its_bond() external {
        uint24 big = _addStandbyDevice(PROVIDER, 1_000_000);
        _runEpoch(E, 7, 0);
        uint256 supply = token.totalSupply();
        _settle(E, DEVICE);
        // 100 of 1,000,100 units of weight.
        uint256 burned = EMISSION * 100 * 80 / (uint256(1_000_100) * 100);
        vm.assertEq(devices.device(DEVICE).bond, 100 ether - burned);
        vm.assertEq(token.totalSupply(), supply - burned);
        _settle(E, big);
        vm.assertEq(devices.device(big).bond, 10 ** 6 * 1 ether);
    }

    function _owed(uint32 slot) private view returns (uint256 owed) {
        (owed,,) = settlement.account(slot);
    }

    function _expectWrongProof(uint256 member) private {
        uint32 slot = settlement.committee(E, DEVICE)[member];
        vm.expectRevert(abi.encodeWithSelector(Settlement.WrongProof.selector, E, DEVICE, slot));
    }
}
