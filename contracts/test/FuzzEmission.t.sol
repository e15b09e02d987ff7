// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Emission} from "../src/Emission.sol";
import {KaiToken} from "../src/KaiToken.sol";
import {Schedule} from "../src/Schedule.sol";
import {vm} from "./Vm.sol";

/// @title Invariant 8: `emitted` is monotone, exact at each border, and telescopes
contract FuzzEmissionTest {
    uint64 private constant GENESIS = 1_700_000_000;
    uint64 private constant UNIT = 12;
    uint64 private constant UNITS_PER_RATE = 10_512_000;
    uint256 private constant CAP = 10 ** 27;

    function test_each_unit_around_a_border_is_worth_what_its_rate_says() external {
        Emission emission = _emission(21600, 0);
        uint64[2] memory borders = [UNITS_PER_RATE, 2 * UNITS_PER_RATE];
        uint256[3] memory rates = [uint256(15 ether), 13 ether, 11 ether];
        for (uint256 i = 0; i < borders.length; ++i) {
            uint64 border = GENESIS + borders[i] * UNIT;
            vm.assertEq(emission.emitted(border) - emission.emitted(border - UNIT), rates[i], "last unit before");
            vm.assertEq(emission.emitted(border - 1), emission.emitted(border - UNIT), "second before the border");
            vm.assertEq(emission.emitted(border + UNIT - 1), emission.emitted(border), "within the first unit");
            vm.assertEq(emission.emitted(border + UNIT) - emission.emitted(border), rates[i + 1], "first unit after");
        }
        vm.assertEq(emission.emitted(GENESIS + 2 * UNITS_PER_RATE * UNIT), 294_336_000 ether, "both borders");
    }

    function test_an_epoch_across_a_border_pays_each_unit_at_its_rate() external {
        // 1,000 units an epoch: the border lies between two of them.
        Emission emission = _emission(12_000, 0);
        uint32 cut = uint32((UNITS_PER_RATE * UNIT) / 12_000);
        vm.assertEq(emission.emissionOf(cut - 1), 15_000 ether, "the epoch that ends at the border");
        vm.assertEq(emission.emissionOf(cut), 13_000 ether, "the epoch that begins at it");
        Emission odd = _emission(50_000, 0);
        uint32 e = uint32((UNITS_PER_RATE * UNIT) / 50_000);
        uint256 begin = (uint256(e) * 50_000) / 12;
        uint256 end = (uint256(e + 1) * 50_000) / 12;
        vm.assertEq(
            odd.emissionOf(e), (UNITS_PER_RATE - begin) * 15 ether + (end - UNITS_PER_RATE) * 13 ether, "a cut epoch"
        );
    }

    function test_emission_ends_with_the_last_unit_before_the_cap() external {
        Emission emission = _emission(21600, CAP - 40 ether);
        vm.assertEq(emission.emitted(GENESIS + 2 * UNIT), 30 ether, "whole units");
        vm.assertEq(emission.emitted(GENESIS + 3 * UNIT), 40 ether, "cut by the cap");
        vm.assertEq(emission.emissionOf(0), 40 ether, "the epoch that reaches the cap");
        vm.assertEq(emission.emissionOf(1), 0, "none after it");
        vm.assertEq(_emission(21600, CAP).emissionOf(0), 0, "nothing left from the beginning");
    }

    function testFuzz_emitted_is_monotone(uint64 a, uint64 b, uint256 initial) external {
        Emission emission = _emission(21600, initial % (CAP + 1));
        (uint64 early, uint64 late) = a < b ? (a, b) : (b, a);
        vm.assertLe(emission.emitted(early), emission.emitted(late), "emitted falls");
        vm.assertLe(emission.emitted(late), CAP - initial % (CAP + 1), "emitted exceeds what the cap leaves");
    }

    function testFuzz_epochs_telescope(uint32 first, uint8 count, uint32 epochSeconds, uint256 initial) external {
        first %= 1_000_000_000;
        epochSeconds = 12 + epochSeconds % 1_000_000;
        Emission emission = _emission(epochSeconds, initial % (CAP + 1));
        uint256 sum;
        for (uint32 e = first; e < first + count; ++e) {
            sum += emission.emissionOf(e);
        }
        uint64 begin = GENESIS + uint64(first) * epochSeconds;
        uint64 end = GENESIS + uint64(first + count) * epochSeconds;
        vm.assertEq(sum, emission.emitted(end) - emission.emitted(begin), "epochs do not add up to their span");
    }

    function testFuzz_a_second_emits_a_unit_or_nothing(uint64 time) external {
        Emission emission = _emission(21600, 0);
        time = time % (4 * UNITS_PER_RATE * UNIT) + GENESIS;
        uint256 more = emission.emitted(time + 1) - emission.emitted(time);
        uint256 rate = time + 1 - GENESIS <= UNITS_PER_RATE * UNIT
            ? 15 ether
            : time + 1 - GENESIS <= 2 * UNITS_PER_RATE * UNIT ? 13 ether : 11 ether;
        vm.assertEq(more, (time + 1 - GENESIS) % UNIT == 0 ? rate : 0, "not one unit");
    }

    function _emission(uint32 epochSeconds, uint256 initial) private returns (Emission) {
        KaiToken token = new KaiToken(address(this), address(this), initial);
        Schedule memory s = Schedule(GENESIS, epochSeconds, 1, 1, 28 days, 7 days, 14 days);
        return new Emission(token, s, initial);
    }
}
