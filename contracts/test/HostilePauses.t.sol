// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {KaiToken} from "../src/KaiToken.sol";
import {PauseGroups} from "../src/PauseGroups.sol";
import {Proof} from "../src/ReportTree.sol";
import {Reports} from "../src/Reports.sol";
import {Item, Settlement} from "../src/Settlement.sol";
import {Checkers} from "./Checkers.sol";
import {vm} from "./Vm.sol";

/// @title A token that calls whoever is paid, as KAI never does
contract CallingToken {
    uint256 public minted;

    function mint(address to, uint256 amount) external {
        minted += amount;
        Thief(to).paid();
    }
}

/// @title A provider that takes its pay again while it is being paid
contract Thief {
    Settlement private immutable SETTLEMENT;
    uint256 public calls;
    bytes public refusal;

    constructor(Settlement settlement) {
        SETTLEMENT = settlement;
    }

    function paid() external {
        ++calls;
        try SETTLEMENT.withdraw() {}
        catch (bytes memory reason) {
            refusal = reason;
        }
    }

    function steal() external {
        SETTLEMENT.withdraw();
    }
}

/// @title Paused groups, what a pause excuses, and re-entrancy
contract HostilePausesTest is Checkers {
    uint32 private constant E = 0;
    uint24 private constant DEVICE = 0;
    address private constant PROVIDER = address(0xA000);

    function setUp() external {
        _deploy(_usualTerms());
        _addCheckers(7);
        _addStandbyDevice(PROVIDER, 100);
        vm.warp(_begin(E));
        beacon.open(E, keccak256("beacon"));
    }

    function test_a_paused_commit_is_refused_and_nobody_is_punished_for_it() external {
        vm.warp(_commitBegin(E));
        reports.pause(reports.COMMIT());
        _expectPaused(reports.COMMIT());
        this.commit(0);
        bytes memory signature = _signReport(_keyOf(0), E, 0, keccak256("c"));
        _expectPaused(reports.COMMIT());
        reports.commitBySig(E, 0, keccak256("c"), signature);
        vm.warp(_commitBegin(E) + 1);
        reports.unpause(reports.COMMIT());
        vm.warp(_revealBegin(E));
        vm.expectRevert(abi.encodeWithSelector(Reports.ExcusedByPause.selector, E, reports.COMMIT()));
        reports.markMissed(E, 0);
    }

    function test_a_pause_of_the_last_second_of_a_window_excuses() external {
        vm.warp(_revealBegin(E) - 1);
        reports.pause(reports.COMMIT());
        vm.warp(_revealBegin(E));
        reports.unpause(reports.COMMIT());
        vm.expectRevert(abi.encodeWithSelector(Reports.ExcusedByPause.selector, E, reports.COMMIT()));
        reports.markMissed(E, 0);
    }

    function test_a_pause_before_or_after_the_window_excuses_nobody() external {
        reports.pause(reports.COMMIT());
        vm.warp(_commitBegin(E));
        reports.unpause(reports.COMMIT());
        vm.warp(_revealBegin(E));
        reports.pause(reports.COMMIT());
        reports.markMissed(E, 0);
    }

    function test_a_pause_across_the_whole_window_excuses() external {
        reports.pause(reports.COMMIT());
        vm.warp(_revealBegin(E));
        vm.expectRevert(abi.encodeWithSelector(Reports.ExcusedByPause.selector, E, reports.COMMIT()));
        reports.markMissed(E, 0);
    }

    function test_a_paused_reveal_is_refused_and_nobody_is_punished_for_it() external {
        vm.warp(_commitBegin(E));
        _commit(E, 0, _words(200));
        vm.warp(_revealBegin(E));
        reports.pause(reports.REVEAL());
        _expectPaused(reports.REVEAL());
        this.reveal(0);
        vm.warp(_settleBegin(E));
        reports.unpause(reports.REVEAL());
        vm.expectRevert(abi.encodeWithSelector(Reports.ExcusedByPause.selector, E, reports.REVEAL()));
        reports.markUnrevealed(E, 0);
        // The other windows were open: who committed to nothing has missed.
        reports.markMissed(E, 1);
    }

    function test_paused_settling_and_withdrawing_wait() external {
        _runEpoch(E, 7, 200);
        Proof[] memory proofs = _proofs(E, DEVICE);
        settlement.pause(settlement.SETTLE());
        _expectPaused(settlement.SETTLE());
        settlement.settle(E, DEVICE, proofs);
        _expectPaused(settlement.SETTLE());
        settlement.settleBatch(E, new Item[](0));
        settlement.unpause(settlement.SETTLE());
        settlement.settle(E, DEVICE, proofs);
        settlement.pause(settlement.WITHDRAW());
        vm.prank(PROVIDER);
        _expectPaused(settlement.WITHDRAW());
        settlement.withdraw();
        _expectPaused(settlement.WITHDRAW());
        settlement.withdrawSlots(new uint32[](1));
        settlement.unpause(settlement.WITHDRAW());
        vm.prank(PROVIDER);
        vm.assertEq(settlement.withdraw(), token.balanceOf(PROVIDER));
    }

    function test_paused_registrations_are_refused() external {
        devices.pause(devices.REGISTER());
        _expectPaused(devices.REGISTER());
        devices.register(_registration(1));
        slots.pause(slots.REGISTER());
        _expectPaused(slots.REGISTER());
        slots.register(1, address(1), bytes32("pin"), bytes32("anchor"), 2);
    }

    function test_a_paused_withdrawal_does_not_stop_registrations_where_an_id_waits_to_be_taken_again() external {
        vm.prank(_ownerOf(3));
        slots.requestExit(3);
        vm.warp(slots.slot(3).claimableAt);
        vm.prank(_ownerOf(3));
        slots.claim(3);
        vm.warp(vm.getBlockTimestamp() + schedule.settleSeconds);
        settlement.pause(settlement.WITHDRAW());
        vm.assertEq(_addChecker(), 7);
        settlement.unpause(settlement.WITHDRAW());
        vm.assertEq(_addChecker(), 3);
    }

    function test_only_the_guardian_pauses() external {
        vm.prank(PROVIDER);
        vm.expectRevert();
        reports.pause(0);
        reports.pause(0);
        vm.expectRevert(abi.encodeWithSelector(PauseGroups.AlreadySwitched.selector, uint8(0), true));
        reports.pause(0);
        vm.prank(PROVIDER);
        vm.expectRevert();
        reports.unpause(0);
    }

    function test_who_is_called_while_paid_cannot_withdraw_again() external {
        CallingToken calling = new CallingToken();
        settlement = new Settlement(
            KaiToken(address(calling)), emission, beacon, devices, slots, reports, schedule, 80, 6, address(this)
        );
        Thief thief = new Thief(settlement);
        vm.warp(schedule.genesis - 1);
        uint24 device = _addStandbyDevice(address(thief), 100);
        _runEpoch(E, 0, 0);
        vm.warp(_commitBegin(E));
        uint8[] memory scores = new uint8[](2);
        (scores[0], scores[1]) = (200, 200);
        for (uint32 slot = 0; slot < 7; ++slot) {
            _commit(E, slot, _words(scores));
        }
        vm.warp(_revealBegin(E));
        for (uint32 slot = 0; slot < 7; ++slot) {
            _reveal(E, slot);
        }
        vm.warp(_settleBegin(E));
        devices.grantRole(devices.SETTLEMENT_ROLE(), address(settlement));
        _settle(E, device);
        uint256 earned = settlement.earned(address(thief));
        vm.assertGt(earned, 0, "nothing to steal");
        thief.steal();
        vm.assertEq(thief.calls(), 1);
        vm.assertEq(bytes32(thief.refusal()), bytes32(bytes4(keccak256("ReentrancyGuardReentrantCall()"))));
        vm.assertEq(calling.minted(), earned);
        vm.assertEq(settlement.earned(address(thief)), 0);
    }

    function commit(uint32 slot) external {
        _commit(E, slot, _words(200));
    }

    function reveal(uint32 slot) external {
        _reveal(E, slot);
    }

    function _expectPaused(uint8 group) private {
        vm.expectRevert(abi.encodeWithSelector(PauseGroups.GroupPaused.selector, group));
    }
}
