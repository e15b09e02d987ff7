// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Public randomness of an epoch
interface IBeacon {
    /// @notice 32 bytes that nobody knew before the epoch began; 0 while the epoch is not opened.
    function beaconOf(uint32 e) external view returns (bytes32);

    /// @notice When the beacon was put on chain, in Unix seconds; 0 while the epoch is not opened.
    function openedAt(uint32 e) external view returns (uint64);
}
