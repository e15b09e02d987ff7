// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title Holds every administrative role, and acts only after a public delay
contract Timelock is TimelockController {
    /// @param minDelay seconds between proposal and execution
    /// @param proposers may propose and cancel
    /// @param executors may execute what is due; the zero address: anybody
    constructor(uint256 minDelay, address[] memory proposers, address[] memory executors)
        TimelockController(minDelay, proposers, executors, address(0))
    {}
}
