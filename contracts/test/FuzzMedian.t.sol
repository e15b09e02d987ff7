// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Proof} from "../src/ReportTree.sol";
import {Item, Settlement} from "../src/Settlement.sol";
import {Checkers} from "./Checkers.sol";
import {Vm, vm} from "./Vm.sol";

/// @title Invariants 2 and 6: the median cannot be moved by a minority, and the result by nobody's order
contract FuzzMedianTest is Checkers {
    uint32 private constant E = 0;
    uint8 private constant NO_MEDIAN = 255;
    uint256 private constant DEVICES = 8;
    address private constant PROVIDER = address(0xA000);

    function setUp() external {
        _deploy(_usualTerms());
        _addCheckers(7);
        for (uint256 i = 0; i < DEVICES; ++i) {
            _addStandbyDevice(PROVIDER, uint32(1 + i));
        }
        vm.warp(_begin(E));
        beacon.open(E, keccak256("beacon"));
        vm.warp(_commitBegin(E));
    }

    /// @param said what each of seven slots says of device 0; above 200: nothing
    /// @param honest bit i: slot i is honest, and moved into the range of the honest ones
    /// forge-config: default.fuzz.runs = 256
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_the_median_lies_between_honest_scores_when_most_present_are_honest(
        uint8[7] memory said,
        uint8 honest,
        uint8 low,
        uint8 width
    ) external {
        (uint256 honestCount, uint256 present) = (0, 0);
        (uint8 least, uint8 most) = (255, 0);
        low %= 201;
        for (uint256 i = 0; i < 7; ++i) {
            if (said[i] <= 200) ++present;
            if (said[i] > 200 || (honest >> i) & 1 == 0) continue;
            said[i] = uint8(low + uint256(said[i]) % (1 + uint256(width) % (201 - low)));
            ++honestCount;
            if (said[i] < least) least = said[i];
            if (said[i] > most) most = said[i];
        }
        _showAll(said);
        vm.recordLogs();
        _settle(E, 0);
        uint8 median = _settledMedian();
        vm.assertEq(median == NO_MEDIAN, present < 4, "a quorum is four of seven");
        if (median == NO_MEDIAN || 2 * honestCount <= present) return;
        vm.assertGe(median, least, "below every honest score");
        vm.assertLe(median, most, "above every honest score");
    }

    /// forge-config: default.fuzz.runs = 128
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_payments_depend_on_no_order_and_no_caller(uint256 seed, uint8[7] memory said) external {
        _showAll(said);
        uint256 before = vm.snapshotState();
        for (uint24 i = 0; i < DEVICES; ++i) {
            _settle(E, i);
        }
        bytes32 inOrder = _paid();
        vm.revertToState(before);
        uint24[] memory order = _shuffled(seed);
        for (uint256 i = 0; i < DEVICES; ++i) {
            Proof[] memory proofs = _proofs(E, order[i]);
            vm.prank(address(uint160(uint256(keccak256(abi.encode(seed, i))))));
            settlement.settle(E, order[i], proofs);
        }
        vm.assertEq(_paid(), inOrder, "shuffled");
        vm.revertToState(before);
        Item[] memory items = new Item[](DEVICES + 1);
        for (uint256 i = 0; i < DEVICES; ++i) {
            items[i] = Item(order[i], _proofs(E, order[i]));
        }
        items[DEVICES] = items[0];
        settlement.settleBatch(E, items);
        vm.assertEq(_paid(), inOrder, "in one batch");
    }

    /// forge-config: default.fuzz.runs = 128
    /// forge-config: deep.fuzz.runs = 2000
    function testFuzz_any_subset_of_devices_pays_at_most_the_emission(uint8 subset, uint8[7] memory said) external {
        _showAll(said);
        uint256 sum = 0;
        for (uint24 i = 0; i < DEVICES; ++i) {
            if ((subset >> i) & 1 == 1) _settle(E, i);
        }
        for (uint32 slot = 0; slot < 7; ++slot) {
            (uint128 owed,,) = settlement.account(slot);
            sum += owed;
        }
        vm.assertLe(sum + settlement.earned(PROVIDER), emission.emissionOf(E), "more than the epoch has");
    }

    /// @dev Each slot gives all devices scores that go round with the device, so that each device has its own median.
    function _showAll(uint8[7] memory said) private {
        for (uint32 slot = 0; slot < 7; ++slot) {
            uint8[] memory scores = new uint8[](DEVICES);
            for (uint256 i = 0; i < DEVICES; ++i) {
                scores[i] = i == 0 ? said[slot] : said[(slot + i) % 7] ^ uint8(i);
            }
            _commit(E, slot, _words(scores));
        }
        vm.warp(_revealBegin(E));
        for (uint32 slot = 0; slot < 7; ++slot) {
            _reveal(E, slot);
        }
        vm.warp(_settleBegin(E));
    }

    /// @dev Everything that settling changes.
    function _paid() private view returns (bytes32 digest) {
        digest = keccak256(abi.encode(settlement.earned(PROVIDER)));
        for (uint32 slot = 0; slot < 7; ++slot) {
            (uint128 owed, uint64 agreed, uint64 disagreed) = settlement.account(slot);
            digest = keccak256(abi.encode(digest, owed, agreed, disagreed));
        }
        for (uint24 i = 0; i < DEVICES; ++i) {
            digest = keccak256(abi.encode(digest, devices.device(i), settlement.settled(E, i)));
        }
    }

    function _shuffled(uint256 seed) private pure returns (uint24[] memory order) {
        order = new uint24[](DEVICES);
        for (uint24 i = 0; i < DEVICES; ++i) {
            uint256 at = uint256(keccak256(abi.encode("order", seed, i))) % (uint256(i) + 1);
            order[i] = order[at];
            order[at] = i;
        }
    }

    function _settledMedian() private returns (uint8 median) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != Settlement.Settled.selector) continue;
            (median,,,,) = abi.decode(logs[i].data, (uint8, uint8, uint8, uint256, uint256));
        }
    }
}
