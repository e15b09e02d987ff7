// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {PauseGroups} from "../src/PauseGroups.sol";
import {Slot, Slots} from "../src/Slots.sol";
import {Network} from "./Network.sol";
import {vm} from "./Vm.sol";

contract SlotsTest is Network {
    uint128 private constant STAKE = 10_000 ether;
    address private constant NEW_KEY = address(0xCAFE);
    address private constant REPORTER = address(0xBEEF);

    function setUp() public {
        _raise(3, 0);
        slots.grantRole(slots.REPORTS_ROLE(), address(this));
    }

    function test_a_slot_takes_licence_and_stake() public view {
        Slot memory s = slots.slot(1);
        vm.assertEq(s.owner, _owner(1));
        vm.assertEq(s.hotKey, vm.addr(_hotKey(1)));
        vm.assertEq(s.stake, STAKE);
        vm.assertEq(s.license, 2);
        vm.assertEq(s.activeFrom, 0);
        vm.assertEq(s.activeUntil, type(uint32).max);
        vm.assertEq(license.ownerOf(2), address(slots));
        vm.assertEq(token.balanceOf(address(slots)), 3 * uint256(STAKE));
        vm.assertEq(slots.totalStake(), 3 * uint256(STAKE));
        vm.assertEq(slots.countAt(0), 3);
        (bool found, uint32 id) = slots.slotOf(vm.addr(_hotKey(2)));
        vm.assertTrue(found, "by its hot key");
        vm.assertEq(id, 2);
    }

    function test_a_later_slot_counts_from_its_first_epoch() public {
        vm.warp(_begin(5));
        uint32 id = _addSlot(_owner(3), NEW_KEY, keccak256("anchor"));
        vm.assertEq(id, 3);
        vm.assertEq(slots.countAt(6), 3);
        vm.assertEq(slots.countAt(7), 4);
        vm.assertTrue(!slots.isActive(3, 6), "not in 6");
        vm.assertTrue(slots.isActive(3, 7), "in 7");
        vm.assertEq(slots.hotKeyAt(3, 6), address(0));
        vm.assertEq(slots.hotKeyAt(3, 7), NEW_KEY);
    }

    function test_the_first_epoch_is_one_of_two() public {
        vm.warp(_begin(5));
        for (uint32 first = 6; first < 10; first += 3) {
            vm.expectRevert(abi.encodeWithSelector(Slots.BadFirstEpoch.selector, first, 7));
            slots.register(9, NEW_KEY, keccak256("tls"), keccak256("anchor"), first);
        }
    }

    function test_ids_are_dense_even_when_a_later_one_begins_earlier() public {
        uint256 first = license.mint(address(this));
        license.setApprovalForAll(address(slots), true);
        token.approve(address(slots), type(uint256).max);
        slots.register(first, NEW_KEY, keccak256("tls"), keccak256("anchor"), 1);
        uint256 second = license.mint(address(this));
        slots.register(second, address(0xCAFF), keccak256("tls"), keccak256("another"), 0);
        vm.assertEq(slots.countAt(0), 3);
        vm.assertEq(slots.countAt(1), 5);
        vm.assertTrue(slots.isActive(4, 0), "on duty, though no committee draws it yet");
    }

    function test_a_hot_key_holds_one_slot() public {
        vm.expectRevert(abi.encodeWithSelector(Slots.HotKeyTaken.selector, vm.addr(_hotKey(1)), 1));
        slots.register(9, vm.addr(_hotKey(1)), keccak256("tls"), keccak256("anchor"), 0);
        vm.expectRevert(abi.encodeWithSelector(Slots.ZeroValue.selector, "hotKey"));
        slots.register(9, address(0), keccak256("tls"), keccak256("anchor"), 0);
    }

    function test_a_rotated_hot_key_signs_from_the_next_epoch_on() public {
        address old = vm.addr(_hotKey(1));
        vm.warp(_begin(4));
        vm.startPrank(_owner(1));
        slots.setHotKey(1, address(0xCAFD));
        slots.setHotKey(1, NEW_KEY);
        vm.stopPrank();
        vm.assertEq(slots.hotKeyAt(1, 4), old);
        vm.assertEq(slots.hotKeyAt(1, 5), NEW_KEY);
        vm.warp(_begin(9));
        vm.prank(_owner(1));
        slots.setHotKey(1, old);
        vm.assertEq(slots.hotKeyAt(1, 3), old);
        vm.assertEq(slots.hotKeyAt(1, 9), NEW_KEY);
        vm.assertEq(slots.hotKeyAt(1, 10), old);
        (bool found,) = slots.slotOf(NEW_KEY);
        vm.assertTrue(!found, "the key in between is free again");
    }

    function test_before_genesis_a_hot_key_is_replaced_for_epoch_0() public {
        vm.prank(_owner(1));
        slots.setHotKey(1, NEW_KEY);
        vm.assertEq(slots.hotKeyAt(1, 0), NEW_KEY);
    }

    function test_the_hot_key_may_change_the_tls_pin_only() public {
        vm.startPrank(vm.addr(_hotKey(1)));
        slots.setTlsPin(1, keccak256("new"));
        vm.assertEq(slots.slot(1).tlsPin, keccak256("new"));
        vm.expectRevert(
            abi.encodeWithSelector(Slots.NotOwner.selector, 1, vm.addr(_hotKey(1)), _owner(1))
        );
        slots.setHotKey(1, NEW_KEY);
        vm.stopPrank();
    }

    function test_secrets_advance_the_anchor_over_missed_epochs() public {
        slots.advanceAnchor(1, 0, _secret(1, 0));
        slots.advanceAnchor(1, 7, _secret(1, 7));
        Slot memory s = slots.slot(1);
        vm.assertEq(s.anchor, _secret(1, 7));
        vm.assertEq(s.anchorEpoch, 8);
        vm.expectRevert(abi.encodeWithSelector(Slots.WrongSecret.selector, 1, 8));
        slots.advanceAnchor(1, 8, _secret(1, 9));
        vm.expectRevert(abi.encodeWithSelector(Slots.AnchorOutOfReach.selector, 1, 8, 7));
        slots.advanceAnchor(1, 7, _secret(1, 7));
        vm.expectRevert(abi.encodeWithSelector(Slots.AnchorOutOfReach.selector, 1, 8, 73));
        slots.advanceAnchor(1, 73, _secret(1, 73));
        slots.advanceAnchor(1, 72, _secret(1, 72));
    }

    function test_another_chain_takes_over_at_its_first_epoch() public {
        vm.warp(_begin(4));
        bytes32 anchor = _anchor(77, 6);
        vm.expectRevert(abi.encodeWithSelector(Slots.BadFirstEpoch.selector, 5, 6));
        vm.prank(_owner(1));
        slots.setAnchor(1, anchor, 5);
        vm.prank(_owner(1));
        slots.setAnchor(1, anchor, 6);
        (bytes32 next, uint32 from) = slots.nextAnchor(1);
        vm.assertEq(next, anchor);
        vm.assertEq(from, 6);
        vm.assertEq(slots.slot(1).anchor, _anchor(1, 0), "still the old one");
        vm.warp(_begin(6));
        slots.advanceAnchor(1, 5, _secret(1, 5));
        vm.expectRevert(abi.encodeWithSelector(Slots.AnchorPending.selector, 1, 6));
        vm.prank(_owner(1));
        slots.setAnchor(1, _anchor(78, 9), 9);
        vm.assertEq(slots.slot(1).anchor, anchor, "the one of the epoch that runs");
        slots.advanceAnchor(1, 6, _secret(77, 6));
        vm.assertEq(slots.slot(1).anchor, _secret(77, 6));
        (, from) = slots.nextAnchor(1);
        vm.assertEq(from, 0);
    }

    function test_a_chain_that_began_unused_is_kept_when_a_third_is_set() public {
        vm.startPrank(_owner(1));
        vm.warp(_begin(4));
        slots.setAnchor(1, _anchor(77, 6), 6);
        vm.warp(_begin(7));
        slots.setAnchor(1, _anchor(78, 9), 9);
        vm.stopPrank();
        slots.advanceAnchor(1, 8, _secret(77, 8));
        slots.advanceAnchor(1, 9, _secret(78, 9));
    }

    function test_misses_in_a_row_cost_more_up_to_one_percent() public {
        uint256 left = STAKE;
        for (uint32 e = 0; e < 4; ++e) {
            slots.slashMissed(0, e, REPORTER);
            left -= _ceil(left * (e + 1) * 1000, 1_000_000);
            vm.assertEq(slots.slot(0).stake, left);
        }
        vm.assertEq(slots.slot(0).streak, 4);
        slots.advanceAnchor(0, 4, _secret(0, 4));
        vm.assertEq(slots.slot(0).streak, 0);
        slots.slashMissed(0, 3, REPORTER); // told late: the row has ended
        vm.assertEq(slots.slot(0).stake, left - _ceil(left * 1000, 1_000_000));
        vm.assertEq(slots.slot(0).streak, 0);
    }

    function test_a_reporter_gets_a_tenth_and_the_rest_is_burned() public {
        uint256 supply = token.totalSupply();
        slots.slashUnrevealed(2, REPORTER);
        uint256 amount = STAKE * 5 / 1000;
        vm.assertEq(token.balanceOf(REPORTER), amount / 10);
        vm.assertEq(slots.totalStake(), 3 * uint256(STAKE) - amount);
        vm.assertEq(slots.burnSlashed(), amount - amount / 10);
        vm.assertEq(supply - token.totalSupply(), amount - amount / 10);
        vm.assertEq(token.balanceOf(address(slots)), slots.totalStake());
    }

    function test_five_percent_of_all_stake_is_the_most_of_seven_days() public {
        uint256 begin = (schedule.genesis / 7 days + 2) * 7 days;
        vm.warp(begin + 7 days - 1);
        uint256 total = slots.totalStake();
        for (uint256 i = 0; i < 40; ++i) {
            slots.slashUnrevealed(uint32(i % 3), REPORTER);
        }
        uint256 slashed = total - slots.totalStake();
        vm.assertLe(slashed, total / 20, "at most 5 %");
        vm.assertGe(slashed, total / 21, "nearly that");
        vm.warp(begin + 7 days); // a second later the window is another one
        slots.slashUnrevealed(0, REPORTER);
        vm.assertEq(total - slots.totalStake(), slashed);
        vm.warp(begin + 14 days);
        slots.slashUnrevealed(0, REPORTER);
        vm.assertGt(total - slots.totalStake(), slashed, "seven days later it is free again");
    }

    function test_an_exit_waits_for_unbonding_and_for_the_last_offence() public {
        vm.warp(_begin(3));
        vm.prank(_owner(1));
        slots.requestExit(1);
        Slot memory s = slots.slot(1);
        vm.assertEq(s.activeUntil, 5);
        vm.assertEq(s.claimableAt, _begin(3) + 14 days);
        vm.assertTrue(slots.isActive(1, 4), "until then on duty");
        vm.warp(s.claimableAt - 1);
        slots.slashUnrevealed(1, REPORTER);
        vm.expectRevert(
            abi.encodeWithSelector(Slots.StillBonded.selector, 1, s.claimableAt, s.claimableAt - 1)
        );
        vm.prank(_owner(1));
        slots.claim(1);
        vm.warp(s.claimableAt);
        vm.prank(_owner(1));
        slots.claim(1);
        vm.assertEq(token.balanceOf(_owner(1)), STAKE - STAKE * 5 / 1000);
        vm.assertEq(license.ownerOf(2), _owner(1));
        slots.slashUnrevealed(1, REPORTER); // nothing is left, and nothing reverts
        vm.expectRevert(abi.encodeWithSelector(Slots.NotOwner.selector, 1, _owner(1), _owner(1)));
        vm.prank(_owner(1));
        slots.claim(1);
    }

    function test_a_vacated_id_is_taken_again_once_its_epochs_are_settled() public {
        vm.warp(_begin(3));
        vm.prank(_owner(1));
        slots.requestExit(1);
        vm.warp(_begin(3) + 14 days);
        vm.prank(_owner(1));
        slots.claim(1);
        vm.assertEq(slots.ownerOf(1), _owner(1), "who is still paid");
        vm.assertEq(_addSlot(_owner(8), address(0xCA1), keccak256("anchor")), 3);
        vm.warp(_begin(3) + 14 days + 28 days);
        uint32 from = slots.countsFrom();
        vm.assertEq(_addSlot(_owner(9), address(0xCA2), keccak256("another")), 1);
        vm.assertEq(slots.hotKeyAt(1, from - 1), address(0));
        vm.assertEq(slots.hotKeyAt(1, from), address(0xCA2));
        vm.assertEq(slots.countAt(from), 4);
        vm.assertEq(slots.count(), 4);
    }

    function test_an_ejected_slot_has_no_duty_and_its_stake_after_unbonding() public {
        address key = vm.addr(_hotKey(1));
        vm.warp(_begin(5));
        vm.expectRevert(abi.encodeWithSelector(Slots.NotHotKey.selector, 1, 4, REPORTER, key));
        slots.eject(1, 4, REPORTER, REPORTER);
        slots.eject(1, 4, key, REPORTER);
        Slot memory s = slots.slot(1);
        vm.assertTrue(s.ejected, "ejected");
        vm.assertEq(s.stake, STAKE * 9 / 10);
        vm.assertEq(s.claimableAt, _begin(5) + 14 days);
        for (uint32 e = 3; e < 8; ++e) {
            vm.assertEq(slots.hotKeyAt(1, e), address(0));
        }
        vm.expectRevert(abi.encodeWithSelector(Slots.AlreadyEjected.selector, 1));
        slots.eject(1, 4, key, REPORTER);
        vm.expectRevert(abi.encodeWithSelector(Slots.AlreadyEjected.selector, 1));
        vm.prank(_owner(1));
        slots.setHotKey(1, NEW_KEY);
        vm.warp(_begin(5) + 14 days);
        vm.prank(_owner(1));
        slots.claim(1);
        vm.assertEq(token.balanceOf(_owner(1)), STAKE * 9 / 10);
    }

    function test_only_reports_slashes_and_the_settlement_is_set_once() public {
        bytes memory refusal = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, REPORTER, slots.REPORTS_ROLE()
        );
        vm.startPrank(REPORTER);
        vm.expectRevert(refusal);
        slots.slashMissed(0, 0, REPORTER);
        vm.expectRevert(refusal);
        slots.slashUnrevealed(0, REPORTER);
        vm.expectRevert(refusal);
        slots.eject(0, 0, REPORTER, REPORTER);
        vm.expectRevert(refusal);
        slots.advanceAnchor(0, 0, 0);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(Slots.SettlementAlreadySet.selector, address(settlement)));
        slots.setSettlement(settlement);
    }

    function test_a_pause_stops_registrations_and_pages_are_cut_at_the_end() public {
        slots.pause(slots.REGISTER());
        vm.expectRevert(abi.encodeWithSelector(PauseGroups.GroupPaused.selector, 0));
        slots.register(9, NEW_KEY, keccak256("tls"), keccak256("anchor"), 0);
        vm.assertEq(slots.page(1, type(uint32).max).length, 2);
        vm.assertEq(slots.page(1, 1)[0].owner, _owner(1));
        vm.assertEq(slots.page(3, 1).length, 0);
        vm.expectRevert(abi.encodeWithSelector(Slots.NoSlot.selector, 3, 3));
        slots.slot(3);
    }

    function _ceil(uint256 a, uint256 b) private pure returns (uint256) {
        return (a + b - 1) / b;
    }
}
