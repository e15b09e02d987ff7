// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Phase} from "../src/Devices.sol";
import {Proof} from "../src/ReportTree.sol";
import {Item, Settlement} from "../src/Settlement.sol";
import {Arena, Terms} from "./Arena.sol";
import {
    Account,
    Counted,
    Expected,
    Offence,
    Penalty,
    RandomDevice,
    RandomEpoch,
    RandomSlot,
    Service,
    SlotState
} from "./RandomEpoch.sol";
import {TreeBuilder} from "./TreeBuilder.sol";
import {Vm, vm} from "./Vm.sol";

/// @title Random epochs, from registration to withdrawal, pay to the wei what the JavaScript reference says
/// @dev The epochs are made by contracts/reference/make_epochs.mjs; ctest does it and names the folder.
contract DifferentialTest is Arena {
    address private constant REPORTER = address(0x5EE);
    uint256 private constant FIRST_KEY = 0xC0FFEE;
    uint32 private constant MOST_BRIDGED = 64;

    uint256 private _epochs;

    function test_the_reference_agrees_part_0() external {
        _runAll("epochs-0.hex");
    }

    function test_the_reference_agrees_part_1() external {
        _runAll("epochs-1.hex");
    }

    function test_the_reference_agrees_part_2() external {
        _runAll("epochs-2.hex");
    }

    function test_the_reference_agrees_part_3() external {
        _runAll("epochs-3.hex");
    }

    /// @dev External, so that each epoch's memory is given back.
    function runNext(string calldata path) external returns (bool) {
        string memory line = vm.readLine(path);
        if (bytes(line).length == 0) return false;
        _run(abi.decode(vm.parseBytes(line), (RandomEpoch)));
        return true;
    }

    function _runAll(string memory name) private {
        string memory folder = vm.envOr("KAISAR_SETTLEMENT_EPOCHS", "../build/dev/tests/vectors/settlement");
        string memory path = string.concat(folder, "/", name);
        if (!vm.exists(path)) vm.skip(true, "no epochs: `cmake --build --target settlement_epochs` makes them");
        while (this.runNext(path)) ++_epochs;
        vm.assertGe(_epochs, 1, "no epoch in the file");
    }

    function _run(RandomEpoch memory v) private {
        _deploy(Terms(v.schedule, v.initialSupply, v.stake, v.bondPerWeight, v.providerPercent, v.band));
        for (uint256 i = 0; i < v.slots.length; ++i) {
            _register(v, uint32(i));
        }
        for (uint256 i = 0; i < v.devices.length; ++i) {
            if (v.devices[i].counted != Counted.LATE) _register(v.devices[i]);
        }
        _changeAnchors(v);
        _live(v);
        _report(v);
        vm.warp(_settleBegin(v.epoch) + v.number % 1000);
        _checkTotals(v);
        _settleAll(v);
        _checkSums(v);
        _punish(v);
        _withdrawAll(v);
    }

    function _owner(uint256 index) private pure returns (address) {
        return address(uint160(0xA000 + index));
    }

    function _register(RandomEpoch memory v, uint32 id) private {
        RandomSlot memory slot = v.slots[id];
        address owner = address(uint160(0xB000 + id));
        bytes32 anchor = slot.anchor == 0 ? keccak256(abi.encode("never shown", id)) : slot.anchor;
        _addSlot(owner, vm.addr(FIRST_KEY + id), slot.anchorEpoch == 0 ? anchor : keccak256(abi.encode("first", id)));
        if (slot.state != SlotState.EXITED) return;
        vm.prank(owner);
        slots.requestExit(id);
    }

    /// @dev At the last moment at which a chain for `anchorEpoch` can be announced: an epoch before that one's eve.
    function _changeAnchors(RandomEpoch memory v) private {
        for (uint32 e = v.epoch > MOST_BRIDGED ? v.epoch - MOST_BRIDGED : 1; e <= v.epoch; ++e) {
            for (uint32 id = 0; id < v.slots.length; ++id) {
                if (v.slots[id].anchorEpoch != e) continue;
                if (e > 1) vm.warp(_begin(e - 2));
                vm.prank(address(uint160(0xB000 + id)));
                slots.setAnchor(id, v.slots[id].anchor, e);
            }
        }
    }

    function _register(RandomDevice memory device) private {
        uint24 id = _addDevice(_owner(device.owner), device.claimed);
        if (!device.registering) devices.promote(id);
        if (device.counted != Counted.EXITED) return;
        vm.prank(_owner(device.owner));
        devices.exit(id);
    }

    /// @dev What happens to the devices around the epoch, in the order of time.
    function _live(RandomEpoch memory v) private {
        uint256 begin = _begin(v.epoch);
        if (v.epoch > 0) {
            vm.warp(begin - 3);
            _serve(v, Service.BEFORE, true);
            vm.warp(begin - 1);
            _serve(v, Service.BEFORE, false);
            _serve(v, Service.THROUGH, true);
        }
        vm.warp(begin);
        if (v.epoch == 0) _serve(v, Service.THROUGH, true);
        beacon.open(v.epoch, v.beacon);
        token.approve(address(emission), v.funded);
        emission.fund(v.epoch, v.funded);
        for (uint256 i = 0; i < v.devices.length; ++i) {
            RandomDevice memory device = v.devices[i];
            if (device.counted == Counted.LATE) {
                _register(device);
            } else if (device.counted == Counted.YES && device.claimedLater != device.claimed) {
                address owner = _owner(device.owner);
                if (device.claimedLater > device.claimed) {
                    token.transfer(owner, uint256(device.claimedLater - device.claimed) * v.bondPerWeight);
                }
                vm.prank(owner);
                devices.setWeight(uint24(i), device.claimedLater);
            }
        }
        _serve(v, Service.INSIDE, true);
        vm.warp(begin + 1);
        _serve(v, Service.INSIDE, false);
        vm.warp(_commitBegin(v.epoch));
        _serve(v, Service.AFTER, true);
    }

    function _serve(RandomEpoch memory v, Service kind, bool inService) private {
        for (uint256 i = 0; i < v.devices.length; ++i) {
            if (v.devices[i].service == kind) devices.setInService(uint24(i), inService);
        }
    }

    function _report(RandomEpoch memory v) private {
        vm.warp(_commitBegin(v.epoch) + v.number % v.schedule.commitSeconds);
        for (uint32 id = 0; id < v.slots.length; ++id) {
            bytes32 commitment = v.slots[id].commitment;
            if (commitment == 0) continue;
            if (id % 2 == 0) {
                vm.prank(vm.addr(FIRST_KEY + id));
                reports.commit(v.epoch, id, commitment);
            } else {
                reports.commitBySig(v.epoch, id, commitment, _signReport(FIRST_KEY + id, v.epoch, id, commitment));
            }
        }
        vm.warp(_revealBegin(v.epoch) + v.number % v.schedule.revealSeconds);
        for (uint32 id = 0; id < v.slots.length; ++id) {
            RandomSlot memory slot = v.slots[id];
            if (slot.state != SlotState.REVEALED) continue;
            reports.reveal(v.epoch, id, slot.secret, slot.transcriptRoot, slot.policyHash, slot.words);
            vm.assertEq(reports.reportOf(v.epoch, id), slot.root, _named(v, "root", id));
            vm.assertEq(TreeBuilder.rootOf(slot.words), slot.root, _named(v, "root of the tests", id));
        }
    }

    function _checkTotals(RandomEpoch memory v) private view {
        vm.assertEq(emission.emissionOf(v.epoch), v.emission, _named(v, "emission", 0));
        vm.assertEq(devices.totalWeightAt(v.epoch), v.totalWeight, _named(v, "total weight", 0));
        vm.assertEq(slots.countAt(v.epoch), v.slots.length, _named(v, "slots", 0));
    }

    /// @dev One by one from either end, or all in one batch.
    function _settleAll(RandomEpoch memory v) private {
        uint256 count = v.devices.length;
        uint256 weighty = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint24 device = uint24(v.number % 3 == 0 ? i : count - 1 - i);
            Expected memory expected = v.devices[device].expected;
            if (v.devices[device].weight == 0) {
                vm.expectRevert(abi.encodeWithSelector(Settlement.NoWeight.selector, v.epoch, device));
                settlement.settle(v.epoch, device, expected.proofs);
                continue;
            }
            ++weighty;
            _checkCommittee(v, device);
            _tryWrongProof(v, device);
            if (v.number % 3 == 2) continue;
            vm.recordLogs();
            settlement.settle(v.epoch, device, expected.proofs);
            vm.assertEq(_checkEvents(v), 1, _named(v, "events", device));
        }
        if (v.number % 3 != 2) return;
        vm.recordLogs();
        settlement.settleBatch(v.epoch, _batch(v, weighty));
        vm.assertEq(_checkEvents(v), weighty, _named(v, "events", 0));
    }

    function _batch(RandomEpoch memory v, uint256 weighty) private pure returns (Item[] memory items) {
        items = new Item[](weighty);
        uint256 to = 0;
        for (uint256 i = 0; i < v.devices.length; ++i) {
            if (v.devices[i].weight != 0) items[to++] = Item(uint24(i), v.devices[i].expected.proofs);
        }
    }

    function _checkCommittee(RandomEpoch memory v, uint24 device) private view {
        uint32[] memory members = settlement.committee(v.epoch, device);
        uint32[] memory wanted = v.devices[device].expected.committee;
        bytes32 found = keccak256(abi.encode(members));
        vm.assertEq(found, keccak256(abi.encode(wanted)), _named(v, "committee", device));
    }

    /// @dev One lie about one member's report; which one follows from the numbers of epoch and device.
    function _tryWrongProof(RandomEpoch memory v, uint24 device) private {
        Expected memory expected = v.devices[device].expected;
        for (uint256 i = 0; i < expected.committee.length; ++i) {
            RandomSlot memory slot = v.slots[expected.committee[i]];
            if (slot.state != SlotState.REVEALED) continue;
            Proof memory kept = expected.proofs[i];
            expected.proofs[i] = _falsified(kept, slot.words, device, v.number + device);
            bytes4 selector = Settlement.WrongProof.selector;
            vm.expectRevert(abi.encodeWithSelector(selector, v.epoch, device, expected.committee[i]));
            settlement.settle(v.epoch, device, expected.proofs);
            expected.proofs[i] = kept;
            return;
        }
    }

    function _falsified(Proof memory honest, bytes32[] memory words, uint24 device, uint256 kind)
        private
        pure
        returns (Proof memory proof)
    {
        proof = Proof(honest.word, honest.index, honest.next, honest.path);
        kind %= 7;
        if (kind == 0) proof.word ^= bytes32(uint256(1) << (32 * (device % 8)));
        if (kind == 1) ++proof.index;
        if (kind == 2) --proof.next;
        if (kind == 3) proof.path = _lengthened(honest.path, honest.word);
        if (kind == 4) proof.word = TreeBuilder.EMPTY_WORD ^ bytes32(uint256(1));
        if (kind == 5) proof = TreeBuilder.prove(words, proof.next < 0xffffff ? proof.next : 0xfffffe);
        if (kind == 6) (proof.index, proof.next) = (0, 0xfffffe);
        bool same = keccak256(abi.encode(proof)) == keccak256(abi.encode(honest));
        if (same) proof.path = _lengthened(honest.path, honest.word);
    }

    function _lengthened(bytes32[] memory path, bytes32 more) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](path.length + 1);
        for (uint256 i = 0; i < path.length; ++i) {
            longer[i] = path[i];
        }
        longer[path.length] = more;
    }

    /// @dev Compares each Settled event since the logs were recorded, and gives their number.
    function _checkEvents(RandomEpoch memory v) private returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != Settlement.Settled.selector) continue;
            ++count;
            uint24 device = uint24(uint256(logs[i].topics[2]));
            Expected memory expected = v.devices[device].expected;
            (uint8 median, uint8 present, uint8 agreed, uint256 pay, uint256 commission) =
                abi.decode(logs[i].data, (uint8, uint8, uint8, uint256, uint256));
            vm.assertEq(uint256(logs[i].topics[1]), v.epoch, _named(v, "epoch", device));
            vm.assertEq(median, expected.median, _named(v, "median", device));
            vm.assertEq(present, expected.presentMask, _named(v, "present", device));
            vm.assertEq(agreed, expected.agreedMask, _named(v, "agreed", device));
            vm.assertEq(pay, expected.providerPay, _named(v, "provider pay", device));
            vm.assertEq(commission, expected.commissionEach, _named(v, "commission", device));
        }
    }

    function _checkSums(RandomEpoch memory v) private view {
        for (uint256 i = 0; i < v.earned.length; ++i) {
            vm.assertEq(settlement.earned(_owner(i)), v.earned[i], _named(v, "earned", i));
        }
        for (uint32 i = 0; i < v.slots.length; ++i) {
            (uint128 owed, uint64 agreed, uint64 disagreed) = settlement.account(i);
            vm.assertEq(owed, v.accounts[i].owed, _named(v, "owed", i));
            vm.assertEq(agreed, v.accounts[i].agreed, _named(v, "agreed of slot", i));
            vm.assertEq(disagreed, v.accounts[i].disagreed, _named(v, "disagreed of slot", i));
        }
        for (uint24 i = 0; i < v.devices.length; ++i) {
            RandomDevice memory device = v.devices[i];
            bool standby = !device.registering || device.expected.promotes;
            bool registering = devices.device(i).phase == Phase.REGISTERING;
            vm.assertEq(registering, !standby, _named(v, "registering", i));
            vm.assertEq(devices.device(i).bond, device.bond - device.expected.bondBurned, _named(v, "bond", i));
        }
    }

    function _punish(RandomEpoch memory v) private {
        uint256 rewards = 0;
        for (uint256 i = 0; i < v.penalties.length; ++i) {
            Penalty memory penalty = v.penalties[i];
            vm.prank(REPORTER);
            if (penalty.kind == Offence.MISSED) reports.markMissed(v.epoch, penalty.slot);
            else reports.markUnrevealed(v.epoch, penalty.slot);
            rewards += penalty.toReporter;
            uint256 left = slots.slot(penalty.slot).stake;
            vm.assertEq(left, v.stake - penalty.amount, _named(v, "stake", penalty.slot));
        }
        vm.assertEq(token.balanceOf(REPORTER), rewards, _named(v, "rewards", 0));
    }

    /// @dev Everybody takes what is owed; then the supply is what was emitted, funded, paid and burned.
    function _withdrawAll(RandomEpoch memory v) private {
        uint256 supply = token.totalSupply();
        uint256 paid = 0;
        for (uint256 i = 0; i < v.earned.length; ++i) {
            if (v.earned[i] == 0) continue;
            vm.prank(_owner(i));
            vm.assertEq(settlement.withdraw(), v.earned[i], _named(v, "withdrawn", i));
            paid += v.earned[i];
        }
        uint32[] memory ids = new uint32[](v.slots.length);
        for (uint32 i = 0; i < ids.length; ++i) {
            ids[i] = i;
            paid += v.accounts[i].owed;
        }
        settlement.withdrawSlots(ids);
        vm.assertEq(token.totalSupply(), supply + paid, _named(v, "supply", 0));
        vm.assertLe(paid, v.emission, _named(v, "paid more than the emission", 0));
        vm.assertLe(token.totalSupply(), token.cap(), _named(v, "supply beyond the cap", 0));
    }

    function _named(RandomEpoch memory v, string memory what, uint256 id) private pure returns (string memory) {
        return string.concat("epoch ", vm.toString(v.number), ": ", what, " ", vm.toString(id));
    }
}
