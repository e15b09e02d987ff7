// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Settlement} from "../src/Settlement.sol";
import {Slots} from "../src/Slots.sol";
import {Checkers} from "./Checkers.sol";
import {Vm, vm} from "./Vm.sol";

struct Slash {
    uint256 time;
    uint256 amount;
    uint256 totalBefore;
}

/// @title What the participants of a network did, kept apart from the contracts
abstract contract ActorsBook is Checkers {
    uint256 internal constant PROVIDERS = 3;

    uint32[] internal epochsPaid;
    mapping(uint32 e => uint256) internal paid;
    Slash[] internal slashes;
    uint256 internal minted;
    uint256 internal bondBurned;
    uint256 internal slashBurned;
    uint256 internal toReporters;
    /// @dev The last value of each report that was looked at.
    mapping(uint32 e => mapping(uint32 slot => bytes32)) private _seen;

    /// @dev Reports shown; devices settled; those among them with a report that was never shown; offences slashed;
    /// ejections; claims of stakes.
    uint256[6] internal done;

    /// @notice Invariant 1: no epoch pays more than it emits.
    function checkEpochs() external view {
        for (uint256 i = 0; i < epochsPaid.length; ++i) {
            uint32 e = epochsPaid[i];
            vm.assertLe(paid[e], emission.emissionOf(e), "an epoch paid more than it emits");
        }
    }

    /// @notice Invariant 1: what is minted or owed was emitted or funded before, and the cap holds for all of it.
    function checkSupply() external view {
        uint256 owed = 0;
        for (uint256 i = 0; i < PROVIDERS; ++i) {
            owed += settlement.earned(_provider(i));
        }
        for (uint32 slot = 0; slot < slots.count(); ++slot) {
            (uint128 ofSlot,,) = settlement.account(slot);
            owed += ofSlot;
        }
        uint256 emitted = emission.emitted(uint64(_clock()));
        uint256 supply = token.totalSupply();
        vm.assertLe(minted + owed, emitted + emission.totalFunded(), "minted and owed more than emitted and funded");
        vm.assertLe(supply + owed, token.cap(), "supply and debts exceed the cap");
        uint256 gone = emission.totalFunded() + bondBurned + slashBurned;
        vm.assertEq(supply, _initialSupply() + minted - gone, "somebody else mints or burns");
    }

    /// @notice Invariant 4: each contract holds what it owes.
    function checkHoldings() external view {
        uint256 stakes = 0;
        for (uint32 slot = 0; slot < slots.count(); ++slot) {
            stakes += slots.slot(slot).stake;
        }
        vm.assertEq(stakes, slots.totalStake(), "stakes do not add up");
        vm.assertGe(token.balanceOf(address(slots)), stakes, "fewer KAI than stakes");
        uint256 slashed = 0;
        for (uint256 i = 0; i < slashes.length; ++i) {
            slashed += slashes[i].amount;
        }
        vm.assertEq(token.balanceOf(address(slots)), stakes + slashed - toReporters - slashBurned, "KAI went astray");
        uint256 bonds = 0;
        for (uint24 id = 0; id < devices.count(); ++id) {
            bonds += devices.device(id).bond;
        }
        vm.assertEq(token.balanceOf(address(devices)), bonds, "bonds do not add up");
    }

    /// @notice Invariant 4: at most 5 % of all stake in any seven days that end with a slash.
    function checkSlashCap() external view {
        for (uint256 i = 0; i < slashes.length; ++i) {
            if (slashes[i].amount == 0) continue; // the cap was reached, or nothing was left
            uint256 sum = 0;
            for (uint256 k = 0; k <= i; ++k) {
                if (slashes[k].time + 7 days > slashes[i].time) sum += slashes[k].amount;
            }
            vm.assertLe(sum, slashes[i].totalBefore / 20, "more than 5 % in seven days");
        }
    }

    /// @dev Invariant 3: each report goes from 0 to a commitment to a root.
    function _watchReports() internal {
        if (_clock() < schedule.genesis) return;
        uint32 now_ = slots.currentEpoch();
        for (uint32 e = now_ < 3 ? 0 : now_ - 3; e < now_; ++e) {
            for (uint32 slot = 0; slot < slots.count(); ++slot) {
                bytes32 before = _seen[e][slot];
                bytes32 stored = reports.reportOf(e, slot);
                if (stored == before) continue;
                bool isRoot = uint256(stored) & 1 == 1;
                vm.assertTrue(stored != 0 && uint256(before) & 1 == 0, "a report went back");
                vm.assertEq(isRoot, before != 0, "a report skipped a step");
                _seen[e][slot] = stored;
            }
        }
    }

    function _countPayments(uint32 e) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != Settlement.Settled.selector) continue;
            (uint8 median, uint8 present, uint8 agreed, uint256 pay, uint256 commission) =
                abi.decode(logs[i].data, (uint8, uint8, uint8, uint256, uint256));
            if (paid[e] == 0) epochsPaid.push(e);
            paid[e] += pay + _ones(median == 255 ? present : agreed) * commission;
        }
    }

    function _countSlash(uint256 totalBefore) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != Slots.Slashed.selector) continue;
            (uint256 amount, uint256 reward,) = abi.decode(logs[i].data, (uint256, uint256, address));
            slashes.push(Slash(_clock(), amount, totalBefore));
            toReporters += reward;
            vm.assertEq(slots.totalStake(), totalBefore - amount, "a slash and the sum of stakes differ");
            vm.assertLe(reward, amount / 10, "the reporter got more than a tenth");
        }
    }

    function _provider(uint256 seed) internal pure returns (address) {
        return address(uint160(0xA000 + seed % PROVIDERS));
    }

    function _ones(uint8 mask) private pure returns (uint256 count) {
        for (; mask != 0; mask >>= 1) {
            count += mask & 1;
        }
    }

    function _clock() internal view virtual returns (uint256);

    function _initialSupply() internal pure virtual returns (uint256);
}
