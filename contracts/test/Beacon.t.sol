// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BlockHashBeacon} from "../src/BlockHashBeacon.sol";
import {RlpHeader} from "../src/RlpHeader.sol";
import {Schedule} from "../src/Schedule.sol";
import {vm} from "./Vm.sol";

/// @dev The headers are of two blocks of an anvil, five seconds before and three seconds after 1,700,000,000
/// (make_headers.mjs).
contract BeaconTest {
    uint64 private constant GENESIS = 1_700_000_000;
    bytes32 private constant PARENT_HASH = 0x885d3f4161a007239843571d888809e33328d577c0bd8a64a5a54ffcc81b59e8;
    bytes32 private constant HASH = 0xff1bfbc0af9483acd40ef9329f4d97d17100a36bcf5ce14f75d73aaa6e9e11fb;

    BlockHashBeacon private beacon;
    bytes private header;
    bytes private parent;

    function setUp() public {
        beacon = _beacon(GENESIS);
        parent = _header(
            0x838f7f3d68179f2d37a58150a78ffe3bf3a8f003fd6663053075577654ced92b,
            hex"80018401c9c38080846553f0fb80",
            0x380ed372ea52f33bdf7519f5e1f86a7ef6125cfe0e4135753813890cb87b63bc,
            hex"843b9aca00"
        );
        header = _header(
            PARENT_HASH,
            hex"80028401c9c38080846553f10380",
            0xe4de2dd4e09998142c7d89da575bb8a9f079cdd683bcf77c93e3563c6014af82,
            hex"84342770c0"
        );
        vm.warp(GENESIS + 20);
        vm.roll(4);
        vm.setBlockhash(1, PARENT_HASH);
        vm.setBlockhash(2, HASH);
    }

    function test_the_first_block_of_an_epoch_opens_it() public {
        vm.expectEmit(address(beacon));
        emit BlockHashBeacon.EpochOpened(0, HASH, 2, GENESIS + 3);
        beacon.openEpoch(0, header, parent);
        vm.assertEq(beacon.beaconOf(0), HASH);
        vm.assertEq(beacon.openedAt(0), GENESIS + 20);
        (bytes32 value, uint64 number, uint64 timestamp) = beacon.openings(0);
        vm.assertEq(value, HASH);
        vm.assertEq(number, 2);
        vm.assertEq(timestamp, GENESIS + 3);
        vm.expectRevert(abi.encodeWithSelector(BlockHashBeacon.AlreadyOpened.selector, 0));
        beacon.openEpoch(0, header, parent);
    }

    function test_a_block_at_the_very_begin_is_the_first() public {
        beacon = _beacon(GENESIS + 3);
        beacon.openEpoch(0, header, parent);
        vm.assertEq(beacon.beaconOf(0), HASH);
    }

    function test_no_other_block_opens_the_epoch() public {
        uint64[2] memory begins = [GENESIS + 4, GENESIS - 5]; // too early a block, too late a one
        for (uint256 i = 0; i < 2; ++i) {
            beacon = _beacon(begins[i]);
            vm.expectRevert(
                abi.encodeWithSelector(
                    BlockHashBeacon.NotTheFirstBlock.selector, 0, begins[i], GENESIS - 5, GENESIS + 3
                )
            );
            beacon.openEpoch(0, header, parent);
        }
    }

    function test_a_header_that_the_chain_does_not_know_is_refused() public {
        bytes memory other = header;
        other[other.length - 1] ^= 0x01;
        vm.expectRevert(abi.encodeWithSelector(BlockHashBeacon.UnknownHeader.selector, keccak256(other), 2));
        beacon.openEpoch(0, other, parent);
    }

    function test_a_stranger_in_the_place_of_the_parent_is_refused() public {
        bytes memory other = parent;
        other[other.length - 1] ^= 0x01;
        vm.expectRevert(
            abi.encodeWithSelector(BlockHashBeacon.NotTheParent.selector, keccak256(other), PARENT_HASH)
        );
        beacon.openEpoch(0, header, other);
    }

    function test_bytes_that_are_no_header_are_refused() public {
        bytes[6] memory bad = [
            bytes(""),
            hex"c0", // an empty list
            hex"f90001", // shorter than it says
            hex"f802c0c0", // lists where fields must be
            hex"f80180", // a parent hash of no bytes
            hex"f903e8" // the length of bytes that are not there
        ];
        for (uint256 i = 0; i < bad.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(RlpHeader.BadHeader.selector, i == 3 || i == 4 ? uint256(2) : 0)
            );
            beacon.openEpoch(0, bad[i], parent);
        }
        bytes memory cut = new bytes(200);
        for (uint256 i = 0; i < cut.length; ++i) {
            cut[i] = header[i];
        }
        vm.expectRevert(abi.encodeWithSelector(RlpHeader.BadHeader.selector, 0));
        beacon.openEpoch(0, cut, parent);
    }

    function test_nobody_asks_for_a_late_opening_in_the_first_half() public {
        uint256 half = GENESIS + 10800;
        vm.warp(half - 1);
        vm.expectRevert(abi.encodeWithSelector(BlockHashBeacon.TooEarly.selector, 0, half, half - 1));
        beacon.requestLate(0);
    }

    function test_a_late_opening_takes_the_block_after_the_request() public {
        vm.warp(GENESIS + 10800);
        vm.roll(1000);
        vm.expectEmit(address(beacon));
        emit BlockHashBeacon.LateRequested(0, 1001);
        beacon.requestLate(0);
        vm.roll(1001);
        vm.expectRevert(abi.encodeWithSelector(BlockHashBeacon.NoLateHash.selector, 0, 1001));
        beacon.openLate(0);
        vm.roll(1257); // the last block that knows the hash
        vm.warp(GENESIS + 12000);
        vm.setBlockhash(1001, keccak256("late"));
        vm.expectRevert(abi.encodeWithSelector(BlockHashBeacon.LatePending.selector, 0, 1001));
        beacon.requestLate(0);
        beacon.openLate(0);
        (bytes32 value, uint64 number, uint64 timestamp) = beacon.openings(0);
        vm.assertEq(value, keccak256("late"));
        vm.assertEq(number, 1001);
        vm.assertEq(timestamp, GENESIS + 12000);
        vm.expectRevert(abi.encodeWithSelector(BlockHashBeacon.AlreadyOpened.selector, 0));
        beacon.requestLate(0);
    }

    function test_a_late_request_that_was_forgotten_is_made_again() public {
        vm.warp(GENESIS + 10800);
        vm.roll(1000);
        beacon.requestLate(0);
        vm.roll(1258);
        vm.expectRevert(abi.encodeWithSelector(BlockHashBeacon.NoLateHash.selector, 0, 1001));
        beacon.openLate(0);
        beacon.requestLate(0);
        vm.roll(1260);
        vm.setBlockhash(1259, keccak256("later"));
        beacon.openLate(0);
        vm.assertEq(beacon.beaconOf(0), keccak256("later"));
    }

    function _beacon(uint64 genesis) private returns (BlockHashBeacon) {
        return new BlockHashBeacon(Schedule(genesis, 21600, 1800, 1800, 28 days, 7 days, 14 days));
    }

    /// @dev `numbers`: difficulty to extra data; of the other fields these two blocks have the same.
    function _header(bytes32 parentHash, bytes memory numbers, bytes32 mix, bytes memory baseFee)
        private
        pure
        returns (bytes memory)
    {
        bytes memory roots = bytes.concat(
            hex"a01dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
            hex"940000000000000000000000000000000000000000",
            hex"a09c8eaf493f8b4edce2ba1647343eadcc0989cf461e712c0a6253ff2ca1842bb7",
            hex"a056e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
            hex"a056e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
        );
        bytes memory withdrawals = hex"a056e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
        return bytes.concat(
            bytes.concat(hex"f9021ba0", parentHash, roots, hex"b90100", new bytes(256)),
            bytes.concat(numbers, hex"a0", mix, hex"880000000000000000", baseFee, withdrawals)
        );
    }
}
