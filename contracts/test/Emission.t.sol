// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Emission} from "../src/Emission.sol";
import {EpochClock, Schedule} from "../src/Schedule.sol";
import {Arena} from "./Arena.sol";
import {vm} from "./Vm.sol";

contract EmissionTest is Arena {
    uint256 private constant ERA_SECONDS = 10_512_000 * 12;
    uint256 private constant EPOCH_KAI = 27_000 ether; // 1800 units of 15

    function setUp() public {
        _deploy(_usualTerms());
    }

    function test_nothing_is_emitted_before_the_first_unit_is_over() public view {
        vm.assertEq(emission.emitted(0), 0);
        vm.assertEq(emission.emitted(schedule.genesis + 11), 0);
        vm.assertEq(emission.emitted(schedule.genesis + 12), 15 ether);
    }

    function test_each_era_has_its_rate() public view {
        uint256 era = 10_512_000;
        uint64 first = uint64(schedule.genesis + ERA_SECONDS);
        uint64 second = uint64(first + ERA_SECONDS);
        vm.assertEq(emission.emitted(first), era * 15 ether);
        vm.assertEq(emission.emitted(first + 12), era * 15 ether + 13 ether);
        vm.assertEq(emission.emitted(second), era * 28 ether);
        vm.assertEq(emission.emitted(second + 12), era * 28 ether + 11 ether);
        vm.assertEq(emission.emitted(type(uint64).max), 10 ** 27 - 10 ** 26, "the cap");
    }

    function test_funded_fees_are_burned_and_add_to_their_epoch() public {
        token.approve(address(emission), 10 ether);
        uint256 supply = token.totalSupply();
        vm.expectEmit(address(emission));
        emit Emission.Funded(3, address(this), 7 ether);
        emission.fund(3, 7 ether);
        emission.fund(3, 3 ether);
        vm.assertEq(emission.emissionOf(3), EPOCH_KAI + 10 ether);
        vm.assertEq(emission.emissionOf(2), EPOCH_KAI);
        vm.assertEq(emission.funded(3), 10 ether);
        vm.assertEq(emission.totalFunded(), 10 ether);
        vm.assertEq(supply - token.totalSupply(), 10 ether);
    }

    function test_an_epoch_that_is_over_is_not_funded() public {
        token.approve(address(emission), 2 ether);
        vm.warp(_begin(1) - 1);
        emission.fund(0, 1 ether);
        vm.warp(_begin(1));
        vm.expectRevert(abi.encodeWithSelector(Emission.EpochOver.selector, 0, _begin(1), _begin(1)));
        emission.fund(0, 1 ether);
    }

    function test_changes_count_from_the_epoch_after_the_next() public {
        vm.warp(schedule.genesis - 1);
        vm.assertEq(emission.countsFrom(), 0);
        vm.expectRevert(
            abi.encodeWithSelector(EpochClock.BeforeGenesis.selector, schedule.genesis, schedule.genesis - 1)
        );
        emission.currentEpoch();
        vm.warp(schedule.genesis);
        vm.assertEq(emission.countsFrom(), 2);
        vm.warp(_begin(5) - 1);
        vm.assertEq(emission.currentEpoch(), 4);
        vm.assertEq(emission.countsFrom(), 6);
        vm.assertEq(keccak256(abi.encode(emission.schedule())), keccak256(abi.encode(schedule)));
    }

    function test_a_schedule_that_cannot_be_is_refused() public {
        Schedule[5] memory bad;
        for (uint256 i = 0; i < bad.length; ++i) {
            bad[i] = _usualTerms().schedule;
        }
        bad[0].genesis = 0;
        bad[1].commitSeconds = 0;
        bad[2].revealSeconds = 0;
        bad[3].epochSeconds = 3599; // the windows of two epochs would overlap
        bad[4].settleSeconds = 3600; // would end as it begins
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(EpochClock.BadSchedule.selector, bad[i]));
            new Emission(token, bad[i], 0);
        }
    }
}
