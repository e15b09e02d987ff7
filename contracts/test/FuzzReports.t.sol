// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Proof, ReportTree} from "../src/ReportTree.sol";
import {Checkers} from "./Checkers.sol";
import {TreeBuilder} from "./TreeBuilder.sol";
import {vm} from "./Vm.sol";

/// @title Invariant 3, and that a leaf opens for exactly the devices that it covers
contract FuzzReportsTest is Checkers {
    uint32 private constant E = 0;
    uint32 private constant SLOT = 0;

    function setUp() external {
        _deploy(_usualTerms());
        _addChecker();
        vm.warp(_commitBegin(E));
    }

    function testFuzz_every_device_has_one_leaf_that_opens(uint24[] memory firstIds, uint24 device) external view {
        bytes32[] memory words = _ascending(firstIds);
        device %= 0xffffff;
        bytes32 root = TreeBuilder.rootOf(words);
        uint256 opening = 0;
        for (uint256 i = 0; i < (words.length == 0 ? 1 : words.length); ++i) {
            uint24 first = words.length == 0 ? 0 : TreeBuilder.firstId(words[i]);
            Proof memory proof = TreeBuilder.prove(words, first);
            if (this.opens(proof, device, root)) ++opening;
        }
        vm.assertEq(opening, 1, "leaves that open for the device");
        vm.assertTrue(this.opens(TreeBuilder.prove(words, device), device, root), "its own does not");
    }

    function testFuzz_what_is_not_in_the_tree_does_not_open(
        uint24[] memory firstIds,
        uint24 device,
        Proof memory invented
    ) external view {
        bytes32[] memory words = _ascending(firstIds);
        device %= 0xffffff;
        bytes32 root = TreeBuilder.rootOf(words);
        vm.assertTrue(!this.opens(invented, device, root), "an invented proof opens");
        Proof memory proof = TreeBuilder.prove(words, device);
        invented.path = proof.path;
        vm.assertTrue(!this.opens(invented, device, root), "an invented leaf opens");
        proof.word ^= invented.word;
        if (invented.word != 0) vm.assertTrue(!this.opens(proof, device, root), "a changed word opens");
    }

    /// forge-config: default.fuzz.runs = 256
    /// forge-config: deep.fuzz.runs = 10000
    function testFuzz_a_report_goes_from_nothing_to_commitment_to_root(bytes32[16] memory salts, uint8[16] memory acts)
        external
    {
        bytes32[] memory words = _words(uint8(uint256(salts[0]) % 201));
        bool ours = false;
        for (uint256 i = 0; i < acts.length; ++i) {
            bytes32 before = reports.reportOf(E, SLOT);
            vm.warp(_commitBegin(E) + uint256(salts[i]) % (schedule.commitSeconds + schedule.revealSeconds + 100));
            try this.act(acts[i] % 3, salts[i], words) {
                if (before == 0) ours = acts[i] % 3 != 0;
            } catch {}
            bytes32 stored = reports.reportOf(E, SLOT);
            if (stored == before) continue;
            bool isRoot = uint256(stored) & 1 == 1;
            vm.assertEq(isRoot, before != 0, "not the next step");
            vm.assertTrue(uint256(before) & 1 == 0, "a root was replaced");
            if (isRoot) vm.assertEq(stored, TreeBuilder.rootOf(words), "another root");
            if (isRoot) vm.assertTrue(ours, "shown, but not committed to");
        }
    }

    /// @dev Commits to anything (0), commits to the report (1), shows it (2).
    function act(uint256 kind, bytes32 salt, bytes32[] calldata words) external {
        bytes32 secret = _secret(SLOT, E);
        if (kind == 2) return reports.reveal(E, SLOT, secret, TRANSCRIPT, POLICY, words);
        bytes32 honest = TreeBuilder.commitmentOf(words, TRANSCRIPT, POLICY, secret);
        vm.prank(_hotKeyOf(SLOT));
        reports.commit(E, SLOT, kind == 0 ? salt : honest);
    }

    function opens(Proof calldata proof, uint24 device, bytes32 root) external pure returns (bool) {
        return ReportTree.opens(proof, device, root);
    }

    /// @dev At most 32 words whose first ids ascend; what follows in them is noise.
    function _ascending(uint24[] memory ids) private pure returns (bytes32[] memory words) {
        uint256 count = 0;
        bytes32[] memory kept = new bytes32[](32);
        for (uint256 i = 0; i < ids.length && count < 32; ++i) {
            uint24 id = ids[i] % 0xffffff;
            if (count > 0 && id <= TreeBuilder.firstId(kept[count - 1])) continue;
            kept[count++] = bytes32(uint256(id) << 232 | uint256(keccak256(abi.encode(id))) >> 24);
        }
        words = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            words[i] = kept[i];
        }
    }
}
