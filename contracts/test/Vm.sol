// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title The cheat codes of forge that the tests use (forge-std is not an npm package of its makers)
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    function warp(uint256 timestamp) external;
    function roll(uint256 number) external;
    function getBlockTimestamp() external view returns (uint256);
    function getBlockNumber() external view returns (uint256);
    function setBlockhash(uint256 number, bytes32 hash) external;
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function expectRevert(bytes4 selector) external;
    function expectRevert(bytes calldata message) external;
    function expectRevert() external;
    function expectEmit(address emitter) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory logs);
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function load(address account, bytes32 slot) external view returns (bytes32);
    function store(address account, bytes32 slot, bytes32 value) external;
    function mockCall(address account, bytes calldata call, bytes calldata result) external;
    function clearMockedCalls() external;
    function snapshotState() external returns (uint256 snapshot);
    function revertToState(uint256 snapshot) external returns (bool);
    function lastCallGas() external view returns (Gas memory gas);
    function assume(bool condition) external pure;
    function skip(bool skipped, string calldata reason) external;
    function envOr(string calldata name, string calldata otherwise) external view returns (string memory);
    function exists(string calldata path) external view returns (bool);
    function readFile(string calldata path) external view returns (string memory);
    function readLine(string calldata path) external view returns (string memory);
    function closeFile(string calldata path) external;
    function parseBytes(string calldata hexadecimal) external pure returns (bytes memory);
    function toString(uint256 value) external pure returns (string memory);
    function assertTrue(bool condition, string calldata why) external pure;
    function assertEq(uint256 a, uint256 b) external pure;
    function assertEq(uint256 a, uint256 b, string calldata why) external pure;
    function assertEq(bytes32 a, bytes32 b) external pure;
    function assertEq(bytes32 a, bytes32 b, string calldata why) external pure;
    function assertEq(address a, address b) external pure;
    function assertEq(address a, address b, string calldata why) external pure;
    function assertEq(string calldata a, string calldata b) external pure;
    function assertEq(bool a, bool b) external pure;
    function assertEq(bool a, bool b, string calldata why) external pure;
    function assertLe(uint256 a, uint256 b, string calldata why) external pure;
    function assertGe(uint256 a, uint256 b, string calldata why) external pure;
    function assertLt(uint256 a, uint256 b, string calldata why) external pure;
    function assertGt(uint256 a, uint256 b, string calldata why) external pure;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
