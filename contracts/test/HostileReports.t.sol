// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ReportTree} from "../src/ReportTree.sol";
import {Reports} from "../src/Reports.sol";
import {Slot, Slots} from "../src/Slots.sol";
import {Checkers} from "./Checkers.sol";
import {TreeBuilder} from "./TreeBuilder.sol";
import {vm} from "./Vm.sol";

/// @title What a checker may try between commitment and reveal
contract HostileReportsTest is Checkers {
    uint32 private constant E = 0;
    uint32 private constant LIAR = 2;
    address private constant PROVIDER = address(0xA000);
    address private constant REPORTER = address(0x5EE);

    function setUp() external {
        _deploy(_usualTerms());
        _addCheckers(7);
        _addStandbyDevice(PROVIDER, 100);
        vm.warp(_begin(E));
        beacon.open(E, keccak256("beacon"));
        vm.warp(_commitBegin(E));
    }

    function test_a_second_commitment_is_refused_the_same_one_too() external {
        _commit(E, LIAR, _words(200));
        bytes32 first = reports.reportOf(E, LIAR);
        bytes32 other = keccak256("other");
        bytes memory refusal = abi.encodeWithSelector(Reports.AlreadyCommitted.selector, E, LIAR, first);
        vm.prank(_hotKeyOf(LIAR));
        vm.expectRevert(refusal);
        reports.commit(E, LIAR, other);
        bytes memory signature = _signReport(_keyOf(LIAR), E, LIAR, first);
        vm.expectRevert(refusal);
        reports.commitBySig(E, LIAR, first, signature);
        vm.assertEq(reports.reportOf(E, LIAR), first);
    }

    function test_a_shown_report_is_never_overwritten() external {
        _commit(E, LIAR, _words(200));
        vm.warp(_revealBegin(E));
        _reveal(E, LIAR);
        bytes32 root = reports.reportOf(E, LIAR);
        bytes32 secret = _secret(LIAR, E);
        vm.expectRevert(abi.encodeWithSelector(Reports.AlreadyRevealed.selector, E, LIAR));
        reports.reveal(E, LIAR, secret, TRANSCRIPT, POLICY, wordsOf[E][LIAR]);
        vm.prank(_hotKeyOf(LIAR));
        vm.expectRevert();
        reports.commit(E, LIAR, keccak256("other"));
        vm.assertEq(reports.reportOf(E, LIAR), root);
    }

    function test_something_else_than_what_was_committed_to_cannot_be_shown() external {
        _commit(E, LIAR, _words(200));
        vm.warp(_revealBegin(E));
        bytes32 secret = _secret(LIAR, E);
        bytes32[] memory truth = wordsOf[E][LIAR];
        _expectWrongReport(secret, TRANSCRIPT, POLICY, _words(199));
        _expectWrongReport(secret, TRANSCRIPT, POLICY, new bytes32[](0));
        _expectWrongReport(secret, TRANSCRIPT ^ bytes32(uint256(1)), POLICY, truth);
        _expectWrongReport(secret, TRANSCRIPT, POLICY ^ bytes32(uint256(1)), truth);
        _expectWrongReport(secret ^ bytes32(uint256(1)), TRANSCRIPT, POLICY, truth);
        _reveal(E, LIAR);
    }

    function test_a_secret_that_does_not_lead_to_the_anchor_cannot_be_shown() external {
        bytes32 invented = keccak256("invented after the beacon");
        bytes32[] memory words = _words(200);
        vm.prank(_hotKeyOf(LIAR));
        reports.commit(E, LIAR, TreeBuilder.commitmentOf(words, TRANSCRIPT, POLICY, invented));
        vm.warp(_revealBegin(E));
        vm.expectRevert(abi.encodeWithSelector(Slots.WrongSecret.selector, LIAR, E));
        reports.reveal(E, LIAR, invented, TRANSCRIPT, POLICY, words);
    }

    function test_a_report_is_committed_to_in_the_commit_window_only() external {
        vm.warp(_commitBegin(E) - 1);
        _expectOutside(_commitBegin(E), _revealBegin(E));
        this.commit(LIAR);
        vm.warp(_revealBegin(E));
        _expectOutside(_commitBegin(E), _revealBegin(E));
        this.commit(LIAR);
        vm.warp(_revealBegin(E) - 1);
        this.commit(LIAR);
    }

    function test_a_report_is_shown_in_the_reveal_window_only() external {
        _commit(E, LIAR, _words(200));
        vm.warp(_revealBegin(E) - 1);
        _expectOutside(_revealBegin(E), _settleBegin(E));
        this.reveal(LIAR);
        vm.warp(_settleBegin(E));
        _expectOutside(_revealBegin(E), _settleBegin(E));
        this.reveal(LIAR);
        vm.warp(_settleBegin(E) - 1);
        this.reveal(LIAR);
    }

    function test_unsorted_words_cannot_be_shown() external {
        bytes32[] memory words = new bytes32[](3);
        words[0] = TreeBuilder.wordOf(0, new uint8[](8));
        words[1] = TreeBuilder.wordOf(16, new uint8[](8));
        words[2] = TreeBuilder.wordOf(8, new uint8[](8));
        _commit(E, LIAR, words);
        words[2] = words[1];
        _commit(E, LIAR + 1, words);
        vm.warp(_revealBegin(E));
        vm.expectRevert(abi.encodeWithSelector(ReportTree.WordsNotAscending.selector, 1, 16, 8));
        this.reveal(LIAR);
        vm.expectRevert(abi.encodeWithSelector(ReportTree.WordsNotAscending.selector, 1, 16, 16));
        this.reveal(LIAR + 1);
    }

    function test_a_copied_commitment_cannot_be_shown_by_who_copied_it() external {
        _commit(E, 0, _words(150));
        bytes32 copied = _commitment(E, 0);
        vm.prank(_hotKeyOf(LIAR));
        reports.commit(E, LIAR, copied);
        vm.warp(_revealBegin(E));
        _reveal(E, 0);
        bytes32 secret = _secret(0, E);
        vm.expectRevert(abi.encodeWithSelector(Slots.WrongSecret.selector, LIAR, E));
        reports.reveal(E, LIAR, secret, TRANSCRIPT, POLICY, wordsOf[E][0]);
        vm.warp(_settleBegin(E));
        reports.markUnrevealed(E, LIAR);
    }

    function test_the_hash_chain_of_another_slot_cannot_be_taken_to_show_its_reports() external {
        bytes32 anchor = keccak256("chain of an honest slot");
        uint32 from = slots.countsFrom();
        // The honest slot begins an epoch later than it could.
        vm.prank(_ownerOf(0));
        slots.setAnchor(0, anchor, from + 1);
        vm.startPrank(_ownerOf(LIAR));
        vm.expectRevert(abi.encodeWithSelector(Slots.AnchorUsed.selector, anchor));
        slots.setAnchor(LIAR, anchor, from + 1);
        // The same chain, one epoch longer.
        bytes32 longer = keccak256(abi.encode(anchor));
        vm.expectRevert(abi.encodeWithSelector(Slots.AnchorUsed.selector, longer));
        slots.setAnchor(LIAR, longer, from);
        vm.warp(_begin(E + 2));
        vm.expectRevert(abi.encodeWithSelector(Slots.AnchorUsed.selector, anchor));
        slots.setAnchor(LIAR, anchor, from + 1);
        vm.stopPrank();
        _expectAnchorUsedByRegistration(anchor);
    }

    function test_who_takes_an_announced_chain_first_only_makes_its_owner_choose_another() external {
        bytes32 anchor = keccak256("seen before it was included");
        uint32 from = slots.countsFrom();
        bytes32 longer = keccak256(abi.encode(anchor));
        vm.prank(_ownerOf(LIAR));
        slots.setAnchor(LIAR, longer, from);
        vm.startPrank(_ownerOf(0));
        vm.expectRevert(abi.encodeWithSelector(Slots.AnchorUsed.selector, longer));
        slots.setAnchor(0, anchor, from + 1);
        slots.setAnchor(0, keccak256("another"), from + 1);
        vm.stopPrank();
    }

    function _expectAnchorUsedByRegistration(bytes32 anchor) private {
        uint256 id = license.mint(address(this));
        uint32 from = slots.countsFrom();
        license.approve(address(slots), id);
        token.approve(address(slots), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(Slots.AnchorUsed.selector, anchor));
        slots.register(id, address(0xBAD), keccak256("tls"), anchor, from);
    }

    function test_nobody_commits_for_another_slot() external {
        bytes32 commitment = keccak256("commitment");
        vm.prank(_hotKeyOf(LIAR));
        vm.expectRevert(abi.encodeWithSelector(Reports.NotHotKey.selector, 0, E, _hotKeyOf(LIAR), _hotKeyOf(0)));
        reports.commit(E, 0, commitment);
        bytes memory signature = _signReport(_keyOf(LIAR), E, 0, commitment);
        vm.expectRevert(abi.encodeWithSelector(Reports.NotHotKey.selector, 0, E, _hotKeyOf(LIAR), _hotKeyOf(0)));
        reports.commitBySig(E, 0, commitment, signature);
        // A signature for one epoch and slot says nothing about another.
        signature = _signReport(_keyOf(0), E + 1, 0, commitment);
        vm.expectRevert();
        reports.commitBySig(E, 0, commitment, signature);
    }

    function test_two_signed_reports_of_one_slot_cost_a_tenth_of_the_stake_and_the_slot() external {
        uint128 stake = slots.slot(LIAR).stake;
        _equivocate(LIAR);
        Slot memory slot = slots.slot(LIAR);
        vm.assertEq(slot.stake, stake - stake / 10);
        vm.assertTrue(slot.ejected, "still there");
        vm.assertEq(token.balanceOf(REPORTER), stake / 100);
        // Nothing can be committed to any more, and there is no second penalty.
        vm.prank(_hotKeyOf(LIAR));
        vm.expectRevert();
        reports.commit(E, LIAR, keccak256("third"));
        vm.expectRevert();
        this.equivocate(LIAR);
        vm.assertEq(slots.slot(LIAR).stake, slot.stake);
    }

    function test_the_stake_of_an_ejected_slot_stays_until_unbonding_ends() external {
        _equivocate(LIAR);
        uint64 claimableAt = slots.slot(LIAR).claimableAt;
        vm.assertGe(claimableAt, block.timestamp + schedule.unbondingSeconds, "free too early");
        vm.warp(claimableAt - 1);
        vm.prank(_ownerOf(LIAR));
        vm.expectRevert(abi.encodeWithSelector(Slots.StillBonded.selector, LIAR, claimableAt, claimableAt - 1));
        slots.claim(LIAR);
        vm.warp(claimableAt);
        uint256 left = slots.slot(LIAR).stake;
        vm.prank(_ownerOf(LIAR));
        slots.claim(LIAR);
        vm.assertEq(token.balanceOf(_ownerOf(LIAR)), left);
    }

    function test_a_signature_of_the_same_commitment_twice_is_no_offence() external {
        bytes32 commitment = keccak256("one");
        bytes memory signature = _signReport(_keyOf(LIAR), E, LIAR, commitment);
        vm.expectRevert(abi.encodeWithSelector(Reports.SameCommitment.selector, commitment));
        reports.proveEquivocation(E, LIAR, commitment, signature, commitment, signature);
    }

    function test_two_reports_of_two_slots_or_epochs_are_no_offence() external {
        (bytes32 a, bytes32 b) = (keccak256("one"), keccak256("two"));
        bytes memory first = _signReport(_keyOf(LIAR), E, LIAR, a);
        bytes memory ofNext = _signReport(_keyOf(LIAR), E + 1, LIAR, b);
        vm.expectRevert();
        reports.proveEquivocation(E, LIAR, a, first, b, ofNext);
        bytes memory byOther = _signReport(_keyOf(0), E, LIAR, b);
        vm.expectRevert(abi.encodeWithSelector(Reports.NotHotKey.selector, LIAR, E, _hotKeyOf(0), _hotKeyOf(LIAR)));
        reports.proveEquivocation(E, LIAR, a, first, b, byOther);
        vm.assertTrue(!slots.slot(LIAR).ejected, "ejected for nothing");
    }

    function test_offences_are_proved_until_the_dispute_window_ends() external {
        _commit(E, LIAR, _words(1));
        vm.warp(_disputeEnd(E) - 1);
        uint256 before = vm.snapshotState();
        reports.markUnrevealed(E, LIAR);
        reports.markMissed(E, 0);
        this.equivocate(LIAR);
        vm.revertToState(before);
        vm.warp(_disputeEnd(E));
        vm.expectRevert();
        reports.markUnrevealed(E, LIAR);
        vm.expectRevert();
        reports.markMissed(E, 0);
        vm.expectRevert();
        this.equivocate(LIAR);
    }

    function commit(uint32 slot) external {
        _commit(E, slot, _words(200));
    }

    function reveal(uint32 slot) external {
        _reveal(E, slot);
    }

    function equivocate(uint32 slot) external {
        _equivocate(slot);
    }

    function _equivocate(uint32 slot) private {
        (bytes32 a, bytes32 b) = (keccak256("one"), keccak256("two"));
        bytes memory first = _signReport(_keyOf(slot), E, slot, a);
        bytes memory second = _signReport(_keyOf(slot), E, slot, b);
        vm.prank(REPORTER);
        reports.proveEquivocation(E, slot, a, first, b, second);
    }

    function _expectWrongReport(bytes32 secret, bytes32 transcript, bytes32 policy, bytes32[] memory words) private {
        bytes32 shown = TreeBuilder.commitmentOf(words, transcript, policy, secret);
        bytes32 stored = reports.reportOf(E, LIAR);
        vm.expectRevert(abi.encodeWithSelector(Reports.WrongReport.selector, E, LIAR, shown, stored));
        reports.reveal(E, LIAR, secret, transcript, policy, words);
    }

    function _expectOutside(uint256 begin, uint256 end) private {
        vm.expectRevert(abi.encodeWithSelector(Reports.OutsideWindow.selector, begin, end, vm.getBlockTimestamp()));
    }
}
