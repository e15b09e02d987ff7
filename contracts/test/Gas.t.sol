// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Proof} from "../src/ReportTree.sol";
import {Network} from "./Network.sol";
import {TreeBuilder} from "./TreeBuilder.sol";
import {vm} from "./Vm.sol";

/// @title What transactions cost, whole ones: 21,000, calldata, execution, refunds
/// @dev Isolated, each call is a transaction of its own, with everything cold. Nothing is written for the first time
/// here but what each such transaction writes for the first time: the slots' accounts and the owners' balances are
/// above zero, as after a slot's first day. `forge test --match-contract GasTest -vv` prints the table.
contract GasTest is Network {
    uint24 private constant MEASURED = 5;
    address private constant REPORTER = address(0xBEEF);

    function setUp() public {
        _raise(7, 8);
        token.transfer(REPORTER, 1 ether);
    }

    /// forge-config: default.isolate = true
    function test_a_commit_costs_less_than_60_000() public {
        _open(0);
        vm.warp(_commitBegin(0));
        _commit(3, 0, _sparse(70));
        _gate("commit", 60_000);
    }

    /// forge-config: default.isolate = true
    function test_a_reveal_of_70_devices_costs_less_than_70_000() public {
        _revealOf(70);
        _gate("reveal, 70 devices", 70_000);
    }

    /// forge-config: default.isolate = true
    function test_a_reveal_of_700_devices_costs_less_than_200_000() public {
        _revealOf(700);
        _gate("reveal, 700 devices", 200_000);
    }

    /// forge-config: default.isolate = true
    function test_settling_with_seven_members_costs_less_than_220_000() public {
        _settleOf(70);
        _gate("settle, 7 members of 70 devices", 220_000);
    }

    /// forge-config: default.isolate = true
    function test_settling_out_of_large_reports_costs_less_than_220_000() public {
        _settleOf(700);
        _gate("settle, 7 members of 700 devices", 220_000);
    }

    /// forge-config: default.isolate = true
    function test_proving_an_equivocation_costs_less_than_80_000() public {
        _open(0);
        vm.warp(_commitBegin(0));
        bytes memory one = _signReport(_hotKey(2), 0, 2, keccak256("one"));
        bytes memory two = _signReport(_hotKey(2), 0, 2, keccak256("two"));
        vm.prank(REPORTER);
        reports.proveEquivocation(0, 2, keccak256("one"), one, keccak256("two"), two);
        _gate("equivocation", 80_000);
    }

    /// forge-config: default.isolate = true
    function test_a_withdrawal_costs_less_than_90_000() public {
        _settleOf(70);
        vm.prank(PROVIDER);
        settlement.withdraw();
        _gate("withdraw", 90_000);
        uint32[] memory ids = new uint32[](1);
        settlement.withdrawSlots(ids);
        _gate("withdraw of a slot", 90_000);
    }

    /// @dev The target chain charges for the size of the code that a transaction runs.
    function test_the_contracts_of_every_epoch_have_less_than_10_000_bytes() public view {
        _gateSize("Reports", address(reports), 10_000);
        _gateSize("Settlement", address(settlement), 10_000);
        // What no epoch runs, or only views of: the limit of every chain.
        _gateSize("Slots", address(slots), 24_576);
        _gateSize("Devices", address(devices), 24_576);
        _gateSize("Emission", address(emission), 24_576);
        _gateSize("KaiToken", address(token), 24_576);
        _gateSize("CheckerLicense", address(license), 24_576);
    }

    function _gateSize(string memory name, address at, uint256 limit) private view {
        _print(string.concat(name, ", bytes | ", vm.toString(at.code.length), " | ", vm.toString(limit)));
        vm.assertLt(at.code.length, limit, name);
    }

    function _revealOf(uint256 count) private {
        bytes32[] memory words = _sparse(count);
        _open(0);
        vm.warp(_commitBegin(0));
        _commit(3, 0, words);
        vm.warp(_revealBegin(0));
        _reveal(3, 0, words);
    }

    /// @dev Of 256 devices one writes the first bit of its word for 17,100 gas more. For small reports it is this one.
    function _settleOf(uint256 count) private {
        bytes32[][] memory words = _all(7, _sparse(count));
        for (uint32 e = 0; e < 2; ++e) {
            _report(e, words);
            if (count > 70) settlement.settle(e, 0, _proofs(e, 0, words));
            settlement.settle(e, MEASURED, _proofs(e, MEASURED, words));
        }
    }

    function _gate(string memory name, uint256 limit) private view {
        uint256 used = vm.lastCallGas().gasTotalUsed;
        _print(string.concat(name, " | ", vm.toString(used), " | ", vm.toString(limit)));
        vm.assertLt(used, limit, name);
    }

    /// @dev Reports of devices far apart, as of a large network: hardly a byte of calldata is zero.
    function _sparse(uint256 count) private pure returns (bytes32[] memory words) {
        words = new bytes32[]((count + 7) / 8);
        for (uint256 i = 0; i < words.length; ++i) {
            words[i] = TreeBuilder.EMPTY_WORD;
        }
        for (uint256 i = 0; i < count; ++i) {
            uint24 id = i == 0 ? MEASURED : uint24(0x010101 + 1021 * i);
            words[i / 8] = TreeBuilder.withLane(words[i / 8], i % 8, id, 180);
        }
    }

    function _print(string memory line) private view {
        (bool done,) = address(0x000000000000000000636F6e736F6c652e6c6f67).staticcall(
            abi.encodeWithSignature("log(string)", line)
        );
        vm.assertTrue(done, line);
    }
}
