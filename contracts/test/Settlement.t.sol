// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Phase} from "../src/Devices.sol";
import {Proof} from "../src/ReportTree.sol";
import {Item, Settlement} from "../src/Settlement.sol";
import {PauseGroups} from "../src/PauseGroups.sol";
import {Network} from "./Network.sol";
import {TreeBuilder} from "./TreeBuilder.sol";
import {vm} from "./Vm.sol";

contract SettlementTest is Network {
    /// 1800 units of 12 seconds at 15 KAI.
    uint256 private constant EMISSION = 27_000 ether;
    /// Eight devices of the same weight.
    uint256 private constant SHARE = EMISSION / 8;

    function setUp() public {
        _raise(3, 8);
    }

    function test_an_agreeing_committee_pays_provider_and_members() public {
        bytes32[][] memory words = _all(3, _words(8, 200));
        _report(0, words);
        settlement.settle(0, 5, _proofs(0, 5, words));
        vm.assertEq(settlement.earned(PROVIDER), SHARE * 80 / 100);
        for (uint32 i = 0; i < 3; ++i) {
            (uint128 owed, uint64 agreed, uint64 disagreed) = settlement.account(i);
            vm.assertEq(owed, SHARE * 20 / 100 / 3);
            vm.assertEq(agreed, 1);
            vm.assertEq(disagreed, 0);
        }
        vm.assertTrue(settlement.settled(0, 5), "settled");
        vm.assertTrue(!settlement.settled(0, 4), "its neighbour is not");
    }

    function test_the_lower_median_pays_and_the_band_decides_who_agrees() public {
        bytes32[][] memory words = new bytes32[][](3);
        words[0] = _words(8, 100);
        words[1] = _words(8, 106);
        words[2] = _words(8, 93); // seven below the median, band six
        _report(0, words);
        settlement.settle(0, 2, _proofs(0, 2, words));
        vm.assertEq(settlement.earned(PROVIDER), SHARE * 80 * 100 / 100 / 200);
        (uint128 owed,, uint64 disagreed) = settlement.account(2);
        vm.assertEq(owed, 0);
        vm.assertEq(disagreed, 1);
        (owed,,) = settlement.account(1);
        vm.assertEq(owed, SHARE * 20 / 100 / 3);
    }

    function test_without_a_quorum_only_the_present_get_the_commission() public {
        bytes32[][] memory words = _all(1, _words(8, 200));
        _report(0, words);
        settlement.settle(0, 1, _proofs(0, 1, words));
        vm.assertEq(settlement.earned(PROVIDER), 0);
        (uint128 owed, uint64 agreed, uint64 disagreed) = settlement.account(0);
        vm.assertEq(owed, SHARE * 20 / 100 / 3);
        vm.assertEq(agreed, 0);
        vm.assertEq(disagreed, 0);
        (owed,,) = settlement.account(1);
        vm.assertEq(owed, 0);
    }

    function test_a_median_of_zero_burns_the_bond_of_an_idle_device() public {
        bytes32[][] memory words = _all(3, _words(8, 0));
        _report(0, words);
        uint256 bond = devices.device(3).bond;
        settlement.settle(0, 3, _proofs(0, 3, words));
        vm.assertEq(bond, 1000 ether);
        vm.assertEq(devices.device(3).bond, 0, "the largest pay is above the bond");
        vm.assertEq(settlement.earned(PROVIDER), 0);
    }

    function test_a_median_of_zero_burns_no_bond_of_a_rented_device() public {
        vm.warp(_begin(0) + 1);
        devices.setInService(3, true);
        devices.setInService(3, false);
        bytes32[][] memory words = _all(3, _words(8, 0));
        _report(0, words);
        settlement.settle(0, 3, _proofs(0, 3, words));
        vm.assertEq(devices.device(3).bond, 1000 ether);
    }

    function test_a_registering_device_is_promoted_instead_of_paid() public {
        uint24 device = _addDevice(PROVIDER, 1000);
        bytes32[][] memory words = _all(3, _words(9, 150));
        _report(0, words);
        settlement.settle(0, device, _proofs(0, device, words));
        vm.assertEq(settlement.earned(PROVIDER), 0);
        (uint128 owed,,) = settlement.account(0);
        vm.assertEq(owed, EMISSION / 9 * 20 / 100 / 3, "the checkers are paid as usual");
        (, Phase phase) = devices.at(device, 2);
        vm.assertTrue(phase == Phase.REGISTERING, "in epoch 2");
        (, phase) = devices.at(device, 3);
        vm.assertTrue(phase == Phase.STANDBY, "from epoch 3 on");
    }

    function test_a_batch_skips_what_is_settled() public {
        bytes32[][] memory words = _all(3, _words(8, 200));
        _report(0, words);
        settlement.settle(0, 4, _proofs(0, 4, words));
        Item[] memory items = new Item[](8);
        for (uint24 p = 0; p < 8; ++p) {
            items[p] = Item(p, _proofs(0, p, words));
        }
        settlement.settleBatch(0, items);
        vm.assertEq(settlement.earned(PROVIDER), EMISSION * 80 / 100);
        items[0].device = 100;
        vm.expectRevert(abi.encodeWithSelector(Settlement.NoWeight.selector, 0, 100));
        settlement.settleBatch(0, items);
    }

    function test_settling_refuses_by_name() public {
        bytes32[][] memory words = _all(3, _words(8, 200));
        _report(0, words);
        Proof[] memory proofs = _proofs(0, 0, words);
        vm.expectRevert(abi.encodeWithSelector(Settlement.WrongProofCount.selector, 0, 3));
        settlement.settle(0, 0, new Proof[](0));
        vm.expectRevert(abi.encodeWithSelector(Settlement.NoWeight.selector, 0, 8));
        settlement.settle(0, 8, proofs);
        proofs[1].word ^= bytes32(uint256(1) << 224); // another score
        uint32 liar = settlement.committee(0, 0)[1];
        vm.expectRevert(abi.encodeWithSelector(Settlement.WrongProof.selector, 0, 0, liar));
        settlement.settle(0, 0, proofs);
        vm.warp(_settleBegin(1));
        vm.expectRevert(abi.encodeWithSelector(Settlement.NotOpened.selector, 1));
        settlement.settle(1, 0, proofs);
        proofs = _proofs(0, 0, words);
        settlement.settle(0, 0, proofs);
        vm.expectRevert(abi.encodeWithSelector(Settlement.AlreadySettled.selector, 0, 0));
        settlement.settle(0, 0, proofs);
    }

    function test_settling_has_a_window() public {
        bytes32[][] memory words = _all(3, _words(8, 200));
        _report(0, words);
        Proof[] memory proofs = _proofs(0, 0, words);
        uint256[2] memory outside = [_settleBegin(0) - 1, _settleEnd(0)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.warp(outside[i]);
            vm.expectRevert(
                abi.encodeWithSelector(
                    Settlement.OutsideWindow.selector, _settleBegin(0), _settleEnd(0), outside[i]
                )
            );
            settlement.settle(0, 0, proofs);
        }
        vm.warp(_settleEnd(0) - 1);
        settlement.settle(0, 0, proofs);
    }

    function test_a_proof_of_another_leaf_is_refused() public {
        bytes32[][] memory words = _all(3, _words(24, 200));
        _report(0, words);
        Proof[] memory proofs = _proofs(0, 7, words);
        uint32[] memory members = settlement.committee(0, 7);
        proofs[0] = TreeBuilder.prove(words[0], 8);
        vm.expectRevert(abi.encodeWithSelector(Settlement.WrongProof.selector, 0, 7, members[0]));
        settlement.settle(0, 7, proofs);
    }

    function test_a_report_without_the_device_counts_as_absent() public {
        bytes32[][] memory words = _all(3, _words(8, 200));
        words[0] = new bytes32[](0);
        _report(0, words);
        settlement.settle(0, 6, _proofs(0, 6, words));
        (uint128 owed, uint64 agreed,) = settlement.account(0);
        vm.assertEq(owed + agreed, 0);
        vm.assertEq(settlement.earned(PROVIDER), SHARE * 80 / 100);
    }

    function test_withdrawals_mint_once_and_to_the_owners() public {
        bytes32[][] memory words = _all(3, _words(8, 200));
        _report(0, words);
        settlement.settle(0, 5, _proofs(0, 5, words));
        uint256 before = token.balanceOf(PROVIDER);
        vm.prank(PROVIDER);
        vm.assertEq(settlement.withdraw(), SHARE * 80 / 100);
        vm.assertEq(token.balanceOf(PROVIDER) - before, SHARE * 80 / 100);
        vm.expectRevert(abi.encodeWithSelector(Settlement.NothingEarned.selector, PROVIDER));
        vm.prank(PROVIDER);
        settlement.withdraw();

        uint32[] memory ids = new uint32[](3);
        (ids[0], ids[1], ids[2]) = (2, 0, 2);
        vm.assertEq(settlement.withdrawSlots(ids), 2 * (SHARE * 20 / 100 / 3));
        vm.assertEq(token.balanceOf(_owner(2)), SHARE * 20 / 100 / 3);
        (uint128 owed, uint64 agreed,) = settlement.account(2);
        vm.assertEq(owed, 0);
        vm.assertEq(agreed, 1, "counted work stays");
    }

    function test_pauses_stop_their_group_only() public {
        bytes32[][] memory words = _all(3, _words(8, 200));
        _report(0, words);
        Proof[] memory proofs = _proofs(0, 5, words);
        settlement.pause(settlement.SETTLE());
        vm.expectRevert(abi.encodeWithSelector(PauseGroups.GroupPaused.selector, 0));
        settlement.settle(0, 5, proofs);
        settlement.unpause(settlement.SETTLE());
        settlement.settle(0, 5, proofs);
        settlement.pause(settlement.WITHDRAW());
        vm.expectRevert(abi.encodeWithSelector(PauseGroups.GroupPaused.selector, 1));
        settlement.withdraw();
        vm.expectRevert(abi.encodeWithSelector(PauseGroups.GroupPaused.selector, 1));
        settlement.withdrawSlots(new uint32[](0));
    }

    function test_funded_fees_are_split_too() public {
        token.approve(address(emission), 8000 ether);
        emission.fund(0, 8000 ether);
        bytes32[][] memory words = _all(3, _words(8, 200));
        _report(0, words);
        settlement.settle(0, 5, _proofs(0, 5, words));
        vm.assertEq(settlement.earned(PROVIDER), (SHARE + 1000 ether) * 80 / 100);
    }
}
