// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {PauseGroups} from "../src/PauseGroups.sol";
import {ReportTree} from "../src/ReportTree.sol";
import {Reports} from "../src/Reports.sol";
import {Slots} from "../src/Slots.sol";
import {Network} from "./Network.sol";
import {TreeBuilder} from "./TreeBuilder.sol";
import {vm} from "./Vm.sol";

contract ReportsTest is Network {
    address private constant REPORTER = address(0xBEEF);
    bytes32[] private words;

    function setUp() public {
        _raise(3, 0);
        words = _words(20, 180);
        _open(0);
        vm.warp(_commitBegin(0));
    }

    function test_what_is_stored_goes_from_nothing_to_a_commitment_to_a_root() public {
        vm.assertEq(reports.reportOf(0, 1), bytes32(0));
        bytes32 commitment = _commitmentOf(1, 0, words);
        vm.expectEmit(address(reports));
        emit Reports.Committed(0, 1, commitment);
        _commit(1, 0, words);
        vm.assertEq(reports.reportOf(0, 1), commitment & ~bytes32(uint256(1)));
        vm.warp(_revealBegin(0));
        bytes32 root = TreeBuilder.rootOf(words);
        vm.expectEmit(address(reports));
        emit Reports.Revealed(0, 1, _secret(1, 0), TRANSCRIPT, POLICY, root, words);
        vm.prank(REPORTER); // anybody may
        _reveal(1, 0, words);
        uint32[] memory ids = new uint32[](2);
        (ids[0], ids[1]) = (0, 1);
        bytes32[] memory found = reports.reportsOf(0, ids);
        vm.assertEq(found[0], bytes32(0));
        vm.assertEq(found[1], root);
    }

    function test_roots_are_those_of_the_tree_for_every_number_of_words() public {
        for (uint32 e = 0; e < 18; ++e) {
            bytes32[] memory some = _words(8 * uint256(e), 7);
            vm.warp(_commitBegin(e));
            _commit(1, e, some);
            vm.warp(_revealBegin(e));
            _reveal(1, e, some);
            vm.assertEq(reports.reportOf(e, 1), TreeBuilder.rootOf(some));
        }
    }

    function test_only_the_hot_key_commits_and_once() public {
        vm.expectRevert(
            abi.encodeWithSelector(Reports.NotHotKey.selector, 1, 0, _owner(1), vm.addr(_hotKey(1)))
        );
        vm.prank(_owner(1));
        reports.commit(0, 1, keccak256("x"));
        vm.startPrank(vm.addr(_hotKey(1)));
        vm.expectRevert(abi.encodeWithSelector(Reports.ZeroCommitment.selector));
        reports.commit(0, 1, bytes32(uint256(1)));
        reports.commit(0, 1, bytes32(uint256(7)));
        vm.expectRevert(abi.encodeWithSelector(Reports.AlreadyCommitted.selector, 0, 1, bytes32(uint256(6))));
        reports.commit(0, 1, keccak256("y"));
        vm.stopPrank();
    }

    function test_a_signature_commits_by_anybody() public {
        bytes32 commitment = keccak256("x");
        bytes memory signature = _signReport(_hotKey(1), 0, 1, commitment);
        vm.prank(REPORTER);
        reports.commitBySig(0, 1, commitment, signature);
        vm.assertEq(reports.reportOf(0, 1), commitment & ~bytes32(uint256(1)));
    }

    function test_the_commit_window_is_half_open() public {
        bytes memory refusal;
        uint256[2] memory outside = [_commitBegin(0) - 1, _revealBegin(0)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.warp(outside[i]);
            refusal = abi.encodeWithSelector(
                Reports.OutsideWindow.selector, _commitBegin(0), _revealBegin(0), outside[i]
            );
            vm.expectRevert(refusal);
            reports.commit(0, 1, keccak256("x"));
        }
        vm.warp(_revealBegin(0) - 1);
        _commit(1, 0, words);
    }

    function test_the_reveal_window_is_half_open() public {
        _commit(1, 0, words);
        uint256[2] memory outside = [_revealBegin(0) - 1, _settleBegin(0)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.warp(outside[i]);
            vm.expectRevert(
                abi.encodeWithSelector(
                    Reports.OutsideWindow.selector, _revealBegin(0), _settleBegin(0), outside[i]
                )
            );
            _reveal(1, 0, words);
        }
        vm.warp(_settleBegin(0) - 1);
        _reveal(1, 0, words);
    }

    function test_a_reveal_shows_what_was_committed_and_once() public {
        vm.warp(_revealBegin(0));
        vm.expectRevert(abi.encodeWithSelector(Reports.NotCommitted.selector, 0, 1));
        _reveal(1, 0, words);
        vm.warp(_commitBegin(0));
        _commit(1, 0, words);
        vm.warp(_revealBegin(0));
        bytes32[] memory other = _words(20, 181);
        vm.expectRevert(
            abi.encodeWithSelector(
                Reports.WrongReport.selector,
                0,
                1,
                _commitmentOf(1, 0, other),
                _commitmentOf(1, 0, words) & ~bytes32(uint256(1))
            )
        );
        _reveal(1, 0, other);
        _reveal(1, 0, words);
        vm.expectRevert(abi.encodeWithSelector(Reports.AlreadyRevealed.selector, 0, 1));
        _reveal(1, 0, words);
    }

    function test_words_out_of_order_are_refused() public {
        (words[0], words[1]) = (words[1], words[0]);
        _commit(1, 0, words);
        vm.warp(_revealBegin(0));
        vm.expectRevert(abi.encodeWithSelector(ReportTree.WordsNotAscending.selector, 0, 8, 0));
        _reveal(1, 0, words);
    }

    function test_a_secret_that_is_not_of_the_chain_is_refused() public {
        bytes32 secret = keccak256("no chain");
        bytes32 commitment = TreeBuilder.commitmentOf(words, TRANSCRIPT, POLICY, secret);
        vm.prank(vm.addr(_hotKey(1)));
        reports.commit(0, 1, commitment);
        vm.warp(_revealBegin(0));
        vm.expectRevert(abi.encodeWithSelector(Slots.WrongSecret.selector, 1, 0));
        reports.reveal(0, 1, secret, TRANSCRIPT, POLICY, words);
    }

    function test_a_missed_report_is_marked_once_and_in_time() public {
        _commit(2, 0, words);
        vm.expectRevert(
            abi.encodeWithSelector(
                Reports.OutsideWindow.selector, _revealBegin(0), _disputeEnd(0), _commitBegin(0)
            )
        );
        reports.markMissed(0, 1);
        vm.warp(_revealBegin(0));
        vm.prank(REPORTER);
        reports.markMissed(0, 1);
        vm.assertEq(slots.slot(1).stake, 9_990 ether);
        vm.assertEq(token.balanceOf(REPORTER), 1 ether);
        vm.expectRevert(abi.encodeWithSelector(Reports.AlreadySlashed.selector, 0, 1));
        reports.markMissed(0, 1);
        bytes32 stored = reports.reportOf(0, 2);
        vm.expectRevert(abi.encodeWithSelector(Reports.AlreadyCommitted.selector, 0, 2, stored));
        reports.markMissed(0, 2);
        vm.expectRevert(abi.encodeWithSelector(Reports.NotActive.selector, 7, 0));
        reports.markMissed(0, 7);
        vm.warp(_disputeEnd(0));
        vm.expectRevert(
            abi.encodeWithSelector(
                Reports.OutsideWindow.selector, _revealBegin(0), _disputeEnd(0), _disputeEnd(0)
            )
        );
        reports.markMissed(0, 0);
    }

    function test_nobody_misses_an_epoch_that_was_not_opened_while_it_lasted() public {
        vm.warp(_revealBegin(1));
        vm.expectRevert(abi.encodeWithSelector(Reports.NotOpenedInTime.selector, 1, 0, _commitBegin(1)));
        reports.markMissed(1, 1);
        beacon.open(1, keccak256("late"));
        vm.expectRevert(
            abi.encodeWithSelector(Reports.NotOpenedInTime.selector, 1, _revealBegin(1), _commitBegin(1))
        );
        reports.markMissed(1, 1);
    }

    function test_a_commitment_that_is_not_shown_is_marked_once() public {
        _commit(1, 0, words);
        _commit(2, 0, words);
        vm.warp(_revealBegin(0));
        _reveal(2, 0, words);
        vm.expectRevert(
            abi.encodeWithSelector(
                Reports.OutsideWindow.selector, _settleBegin(0), _disputeEnd(0), _revealBegin(0)
            )
        );
        reports.markUnrevealed(0, 1);
        vm.warp(_settleBegin(0));
        reports.markUnrevealed(0, 1);
        vm.assertEq(slots.slot(1).stake, 9_950 ether);
        vm.expectRevert(abi.encodeWithSelector(Reports.AlreadySlashed.selector, 0, 1));
        reports.markUnrevealed(0, 1);
        vm.expectRevert(abi.encodeWithSelector(Reports.AlreadyRevealed.selector, 0, 2));
        reports.markUnrevealed(0, 2);
        vm.expectRevert(abi.encodeWithSelector(Reports.NotCommitted.selector, 0, 0));
        reports.markUnrevealed(0, 0);
    }

    function test_a_pause_that_touched_the_window_excuses_and_no_other_does() public {
        _commit(2, 0, words);
        vm.warp(_revealBegin(0) - 1);
        reports.pause(reports.COMMIT());
        vm.expectRevert(abi.encodeWithSelector(PauseGroups.GroupPaused.selector, 0));
        reports.commit(0, 1, keccak256("x"));
        vm.warp(_revealBegin(0));
        reports.unpause(reports.COMMIT());
        vm.expectRevert(abi.encodeWithSelector(Reports.ExcusedByPause.selector, 0, 0));
        reports.markMissed(0, 1);
        vm.warp(_settleBegin(0));
        reports.pause(reports.REVEAL()); // a moment after the reveal window
        reports.markUnrevealed(0, 2);
        vm.expectRevert(abi.encodeWithSelector(PauseGroups.GroupPaused.selector, 1));
        _reveal(0, 0, words);
    }

    function test_a_pause_that_ended_as_the_window_began_excuses_nobody() public {
        vm.warp(_commitBegin(0) - 100);
        reports.pause(reports.REVEAL());
        _open(1);
        vm.warp(_commitBegin(1));
        _commit(1, 1, words);
        vm.warp(_revealBegin(1));
        reports.unpause(reports.REVEAL());
        vm.warp(_settleBegin(1));
        reports.markUnrevealed(1, 1);
        vm.assertEq(slots.slot(1).stake, 9_950 ether);
    }

    function test_two_signed_reports_eject_a_slot_once() public {
        bytes32 a = keccak256("a");
        bytes32 b = keccak256("b");
        bytes memory signatureA = _signReport(_hotKey(1), 0, 1, a);
        bytes memory signatureB = _signReport(_hotKey(1), 0, 1, b);
        vm.expectRevert(abi.encodeWithSelector(Reports.SameCommitment.selector, a));
        reports.proveEquivocation(0, 1, a, signatureA, a, signatureA);
        bytes memory stranger = _signReport(_hotKey(2), 0, 1, b);
        vm.expectRevert(
            abi.encodeWithSelector(
                Reports.NotHotKey.selector, 1, 0, vm.addr(_hotKey(2)), vm.addr(_hotKey(1))
            )
        );
        reports.proveEquivocation(0, 1, a, signatureA, b, stranger);
        vm.prank(REPORTER);
        reports.proveEquivocation(0, 1, a, signatureA, b, signatureB);
        vm.assertEq(slots.slot(1).stake, 9_000 ether);
        vm.assertEq(token.balanceOf(REPORTER), 100 ether);
        vm.expectRevert(abi.encodeWithSelector(Slots.AlreadyEjected.selector, 1));
        reports.proveEquivocation(0, 1, a, signatureA, b, signatureB);
        vm.expectRevert(
            abi.encodeWithSelector(Reports.NotHotKey.selector, 1, 0, vm.addr(_hotKey(1)), address(0))
        );
        vm.prank(vm.addr(_hotKey(1)));
        reports.commit(0, 1, a);
    }

    function test_what_was_committed_before_an_ejection_can_still_be_shown() public {
        _commit(1, 0, words);
        bytes memory one = _signReport(_hotKey(1), 0, 1, keccak256("a"));
        bytes memory two = _signReport(_hotKey(1), 0, 1, keccak256("b"));
        reports.proveEquivocation(0, 1, keccak256("a"), one, keccak256("b"), two);
        vm.warp(_revealBegin(0));
        _reveal(1, 0, words);
    }
}
