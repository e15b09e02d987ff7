// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

/// @title Switches that stop groups of functions, and the memory of when they did
abstract contract PauseGroups is AccessControl {
    /// @notice May pause and unpause.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    /// @dev When the group was paused, unpaused, paused, …; Unix seconds.
    mapping(uint8 group => uint64[]) private _switches;

    event Paused(uint8 group, address account);
    event Unpaused(uint8 group, address account);

    /// @notice The group's functions are paused.
    error GroupPaused(uint8 group);
    /// @notice The group is already as asked.
    error AlreadySwitched(uint8 group, bool isPaused);

    modifier whenRunning(uint8 group) {
        if (paused(group)) revert GroupPaused(group);
        _;
    }

    constructor(address admin) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    /// @notice Stops a group of functions.
    function pause(uint8 group) external {
        _switch(group, true);
        emit Paused(group, msg.sender);
    }

    /// @notice Lets a group of functions run again.
    function unpause(uint8 group) external {
        _switch(group, false);
        emit Unpaused(group, msg.sender);
    }

    /// @notice Whether a group is paused now.
    function paused(uint8 group) public view returns (bool) {
        return _switches[group].length % 2 == 1;
    }

    /// @dev Whether the group was paused during any part of [begin, end), which is over.
    function _wasPaused(uint8 group, uint256 begin, uint256 end) internal view returns (bool) {
        uint64[] storage switches = _switches[group];
        uint256 before = switches.length;
        while (before > 0 && switches[before - 1] >= end) --before;
        return before % 2 == 1 || (before > 0 && switches[before - 1] > begin);
    }

    function _switch(uint8 group, bool stop) private onlyRole(PAUSER_ROLE) {
        if (paused(group) == stop) revert AlreadySwitched(group, stop);
        _switches[group].push(uint64(block.timestamp));
    }
}
