// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Phase} from "../src/Devices.sol";
import {Proof} from "../src/ReportTree.sol";
import {Settlement} from "../src/Settlement.sol";
import {Slot} from "../src/Slots.sol";
import {Schedule} from "../src/Schedule.sol";
import {Terms} from "./Arena.sol";
import {ActorsBook} from "./ActorsBook.sol";
import {vm} from "./Vm.sol";

/// @title A network whose participants do anything at any time; what they must not achieve is kept in sums
/// @dev An action that cannot be done now does nothing; one that should succeed and reverts fails the run.
contract Actors is ActorsBook {
    uint256 private constant MOST_DEVICES = 12;
    uint256 private constant MOST_SLOTS = 12;
    uint32 private constant MOST_BRIDGED = 64;
    /// @dev So little that some runs reach the cap.
    uint256 private constant LEFT_TO_EMIT = 300_000 ether;

    uint256 private clock;
    uint256 private actions;
    mapping(address hotKey => uint256) private keyOf;

    constructor() {
        Terms memory terms = _usualTerms();
        terms.schedule = Schedule(1_700_000_000, 21600, 1800, 1800, 2 days, 1 days, 2 days);
        terms.initialSupply = _initialSupply();
        _deploy(terms);
        clock = block.timestamp;
        for (uint256 i = 0; i < 6; ++i) {
            _join();
            _addDevice(_provider(i), uint32(1 + i * i));
            if (i % 3 != 0) devices.promote(uint24(i));
        }
        token.approve(address(emission), type(uint256).max);
    }

    /// @dev Each fourth action finds that time has passed.
    modifier now_() {
        vm.warp(clock);
        if (++actions % 4 == 0) _pass(uint256(keccak256(abi.encode(actions))));
        _;
        _watchReports();
    }

    function passTime(uint256 seed) external now_ {
        _pass(seed);
    }

    function commit(uint256 seed, bool bySignature) external now_ {
        if (clock < _begin(1) || reports.paused(reports.COMMIT())) return;
        uint32 e = slots.currentEpoch() - 1;
        if (clock >= _revealBegin(e)) return;
        for (uint32 slot = 0; slot < slots.count(); ++slot) {
            uint256 drawn = uint256(keccak256(abi.encode(seed, slot)));
            address hotKey = slots.hotKeyAt(slot, e);
            if (drawn % 8 == 0 || hotKey == address(0) || reports.reportOf(e, slot) != 0) continue;
            if (e - chainFrom[slot] >= CHAIN_LENGTH) continue;
            wordsOf[e][slot] = _words(_scores(drawn >> 8));
            bytes32 commitment = _commitment(e, slot);
            if (bySignature) {
                reports.commitBySig(e, slot, commitment, _signReport(keyOf[hotKey], e, slot, commitment));
            } else {
                vm.prank(hotKey);
                reports.commit(e, slot, commitment);
            }
        }
    }

    function reveal(uint256 seed) external now_ {
        if (clock < _begin(1) || reports.paused(reports.REVEAL())) return;
        uint32 e = slots.currentEpoch() - 1;
        if (clock < _revealBegin(e) || clock >= _settleBegin(e)) return;
        for (uint32 slot = 0; slot < slots.count(); ++slot) {
            bytes32 stored = reports.reportOf(e, slot);
            if (stored == 0 || uint256(stored) & 1 == 1) continue;
            if ((seed >> slot) % 8 == 0 || e - slots.slot(slot).anchorEpoch > MOST_BRIDGED) continue;
            _reveal(e, slot);
            ++done[0];
        }
    }

    /// @dev Whatever was committed, shown or not: settling succeeds, once.
    function settle(uint256 seed, address caller) external now_ {
        (bool any, uint32 e) = _pastEpoch(seed);
        if (!any || clock < _settleBegin(e) || clock >= _settleEnd(e) || beacon.beaconOf(e) == 0) return;
        if (settlement.paused(settlement.SETTLE())) return;
        uint24 count = devices.count();
        for (uint24 i = 0; i < count; ++i) {
            if ((seed >> i) % 2 == 0) _settleBy(caller, e, uint24((seed + i) % count));
        }
    }

    function punish(uint256 seed) external now_ {
        (bool any, uint32 e) = _pastEpoch(seed);
        if (!any || clock < _revealBegin(e)) return;
        for (uint32 slot = 0; slot < slots.count(); ++slot) {
            if ((seed >> slot) % 2 == 0) continue;
            uint256 totalBefore = slots.totalStake();
            vm.recordLogs();
            if (!_mark(e, slot)) continue;
            _countSlash(totalBefore);
            ++done[3];
        }
    }

    function equivocate(uint256 seed) external now_ {
        (bool any, uint32 e) = _pastEpoch(seed);
        if (!any || (seed >> 40) % 8 != 0) return;
        uint32 slot = uint32((seed >> 8) % slots.count());
        address hotKey = slots.hotKeyAt(slot, e);
        if (hotKey == address(0) || slots.slot(slot).ejected || clock >= _disputeEnd(e)) return;
        bytes memory first = _signReport(keyOf[hotKey], e, slot, bytes32(uint256(2)));
        bytes memory second = _signReport(keyOf[hotKey], e, slot, bytes32(uint256(4)));
        uint256 totalBefore = slots.totalStake();
        vm.recordLogs();
        reports.proveEquivocation(e, slot, bytes32(uint256(2)), first, bytes32(uint256(4)), second);
        _countSlash(totalBefore);
        ++done[4];
    }

    function join(uint256 seed) external now_ {
        if (slots.count() < MOST_SLOTS && seed % 4 == 0) _join();
    }

    function leave(uint256 seed) external now_ {
        uint32 id = uint32(seed % slots.count());
        Slot memory slot = slots.slot(id);
        if (slot.license == 0) return;
        vm.startPrank(slot.owner);
        if (slot.claimableAt == 0) {
            if (seed >> 253 == 0) slots.requestExit(id);
        } else if (clock >= slot.claimableAt) {
            uint256 before = token.balanceOf(slot.owner);
            slots.claim(id);
            vm.assertEq(token.balanceOf(slot.owner) - before, slot.stake, "not what was left");
            ++done[5];
        }
        vm.stopPrank();
    }

    function rotate(uint256 seed) external now_ {
        uint32 id = uint32(seed % slots.count());
        Slot memory slot = slots.slot(id);
        if (slot.license == 0 || slot.ejected) return;
        uint256 key = uint256(keccak256(abi.encode("rotated", seed))) >> 1;
        address hotKey = vm.addr(key);
        (bool taken,) = slots.slotOf(hotKey);
        if (taken) return;
        keyOf[hotKey] = key;
        vm.prank(slot.owner);
        slots.setHotKey(id, hotKey);
    }

    function changeDevice(uint256 seed, uint32 weight) external now_ {
        uint256 count = devices.count();
        uint24 id = uint24((seed >> 8) % count);
        address owner = devices.device(id).owner;
        weight = 1 + weight % 1_000_000;
        if (seed % 4 == 0 && count < MOST_DEVICES) _addDevice(_provider(seed >> 8), weight);
        if (devices.device(id).exitAt != 0) {
            if (clock < devices.device(id).exitAt || devices.device(id).bond == 0) return;
            vm.prank(owner);
            devices.claimBond(id);
        } else if (seed % 4 == 1) {
            token.transfer(owner, uint256(weight) * devices.bondPerWeight());
            vm.prank(owner);
            devices.setWeight(id, weight);
        } else if (seed % 4 == 2) {
            Phase phase = devices.device(id).phase;
            if (phase != Phase.REGISTERING) devices.setInService(id, phase == Phase.STANDBY);
        } else if (seed % 32 == 3) {
            vm.prank(owner);
            devices.exit(id);
        }
    }

    function fund(uint256 seed, uint256 amount) external now_ {
        uint32 e = clock < schedule.genesis ? 0 : slots.currentEpoch() + uint32(seed % 3);
        emission.fund(e, amount % 100_000 ether);
    }

    function withdraw(uint256 seed) external now_ {
        if (settlement.paused(1)) return;
        uint32[] memory ids = new uint32[](2);
        (ids[0], ids[1]) = (uint32(seed % slots.count()), uint32(seed % slots.count()));
        minted += settlement.withdrawSlots(ids);
        address owner = _provider(seed);
        if (settlement.earned(owner) == 0) return;
        vm.prank(owner);
        minted += settlement.withdraw();
    }

    function burnSlashed() external now_ {
        slashBurned += slots.burnSlashed();
    }

    function pause(uint256 seed) external now_ {
        uint8 group = uint8(seed % 2);
        bool rarely = (seed >> 8) % 16 == 0;
        if (reports.paused(group)) reports.unpause(group);
        else if (rarely) reports.pause(group);
        if (settlement.paused(group)) settlement.unpause(group);
        else if (rarely) settlement.pause(group);
    }

    /// @notice How often each of the things that `done` counts was done.
    function counts() external view returns (uint256[6] memory) {
        return done;
    }

    /// @dev Mostly to the next border of a window; the epoch that then is current is mostly opened.
    function _pass(uint256 seed) private {
        uint256 jump = seed % 16;
        uint256 into = clock < schedule.genesis ? 0 : (clock - schedule.genesis) % schedule.epochSeconds;
        if (clock < schedule.genesis) clock = schedule.genesis;
        else if (jump == 0) clock += 1 days + (seed >> 8) % 2 days;
        else if (jump < 4) clock += (seed >> 8) % 1 hours;
        else if (into < schedule.commitSeconds) clock += schedule.commitSeconds - into;
        else if (into < 2 * schedule.commitSeconds) clock += 2 * schedule.commitSeconds - into;
        else clock += schedule.epochSeconds - into;
        vm.warp(clock);
        uint32 e = slots.currentEpoch();
        if (beacon.beaconOf(e) == 0 && jump != 7) beacon.open(e, keccak256(abi.encode(seed)));
    }

    function _settleBy(address caller, uint32 e, uint24 device) private {
        (uint32 weight,) = devices.at(device, e);
        if (weight == 0) return;
        Proof[] memory proofs = _proofs(e, device);
        if (settlement.settled(e, device)) {
            vm.expectRevert(abi.encodeWithSelector(Settlement.AlreadySettled.selector, e, device));
            settlement.settle(e, device, proofs);
            return;
        }
        uint256 supply = token.totalSupply();
        vm.recordLogs();
        vm.prank(caller);
        settlement.settle(e, device, proofs);
        bondBurned += supply - token.totalSupply();
        _countPayments(e);
        ++done[1];
        if (_hasHidden(e, device)) ++done[2];
    }

    /// @dev Most slots say about the same, some anything, some that all devices are bad.
    function _scores(uint256 seed) private pure returns (uint8[] memory scores) {
        scores = new uint8[]((seed >> 8) % 9);
        for (uint256 i = 0; i < scores.length; ++i) {
            uint8 drawn = uint8(seed >> (16 + 8 * i));
            scores[i] = seed % 8 == 0 ? drawn : seed % 8 == 1 ? 0 : 170 + drawn % 31;
        }
    }

    function _join() private {
        uint256 key = FIRST_KEY + registrations;
        keyOf[vm.addr(key)] = key;
        _addChecker();
    }

    /// @dev As missed or as not shown, whichever it is; false: neither, or marked before.
    function _mark(uint32 e, uint32 slot) private returns (bool) {
        if (reports.reportOf(e, slot) == 0) {
            try reports.markMissed(e, slot) {
                return true;
            } catch {
                return false;
            }
        }
        try reports.markUnrevealed(e, slot) {
            return true;
        } catch {
            return false;
        }
    }

    /// @dev One of the last four epochs that are over.
    function _pastEpoch(uint256 seed) private view returns (bool any, uint32 e) {
        any = clock >= _begin(1);
        if (!any) return (false, 0);
        uint32 over = slots.currentEpoch();
        uint32 back = uint32(1 + (seed >> 128) % 4);
        e = over < back ? 0 : over - back;
    }

    function _hasHidden(uint32 e, uint24 device) private view returns (bool hidden) {
        uint32[] memory members = settlement.committee(e, device);
        for (uint256 i = 0; i < members.length; ++i) {
            bytes32 stored = reports.reportOf(e, members[i]);
            hidden = hidden || (stored != 0 && uint256(stored) & 1 == 0);
        }
    }

    function _clock() internal view override returns (uint256) {
        return clock;
    }

    function _initialSupply() internal pure override returns (uint256) {
        return 10 ** 27 - LEFT_TO_EMIT;
    }
}
