// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {KaiToken} from "./KaiToken.sol";
import {EpochClock, Schedule} from "./Schedule.sol";

/// @title How much KAI an epoch distributes
/// @notice 15 KAI for each 12 seconds of the first 10,512,000 such units, 13 for as many more, 11 from then on, until
/// the token's cap is reached; and whatever was funded into the epoch.
contract Emission is EpochClock {
    uint256 private constant UNIT_SECONDS = 12;
    uint256 private constant UNITS_PER_ERA = 10_512_000; // four years of 365 days
    uint256 private constant FIRST_RATE = 15 ether;
    uint256 private constant SECOND_RATE = 13 ether;
    uint256 private constant LAST_RATE = 11 ether;

    KaiToken private immutable TOKEN;
    uint256 private immutable MOST;

    mapping(uint32 e => uint256 amount) private _funded;

    /// @notice Wei of KAI funded into all epochs together.
    uint256 public totalFunded;

    event Funded(uint32 indexed epoch, address indexed from, uint256 amount);

    /// @notice The epoch ended at `end`.
    error EpochOver(uint32 epoch, uint256 end, uint256 time);

    /// @param initial wei of KAI that were minted to the treasury
    constructor(KaiToken token, Schedule memory s, uint256 initial) EpochClock(s) {
        TOKEN = token;
        MOST = token.cap() - initial;
    }

    /// @notice Wei of KAI emitted from genesis to `time` (Unix seconds); 0 before genesis.
    function emitted(uint64 time) external view returns (uint256) {
        return _emitted(time);
    }

    /// @notice Wei of KAI that epoch `e` distributes. Final once the epoch is over.
    function emissionOf(uint32 e) external view returns (uint256) {
        return _emitted(_end(e)) - _emitted(_begin(e)) + _funded[e];
    }

    /// @notice Adds rental fees to what epoch `e` distributes, until the epoch ends.
    /// @dev Burns the caller's KAI (an allowance is needed); a withdrawal mints it again. So the supply stays below
    /// the cap by itself.
    function fund(uint32 e, uint256 amount) external {
        if (block.timestamp >= _end(e)) revert EpochOver(e, _end(e), block.timestamp);
        _funded[e] += amount;
        totalFunded += amount;
        emit Funded(e, msg.sender, amount);
        TOKEN.burnFrom(msg.sender, amount);
    }

    /// @notice Wei of KAI funded into epoch `e`.
    function funded(uint32 e) external view returns (uint256) {
        return _funded[e];
    }

    function _emitted(uint256 time) private view returns (uint256) {
        if (time < _genesis()) return 0;
        uint256 units = (time - _genesis()) / UNIT_SECONDS;
        uint256 first = Math.min(units, UNITS_PER_ERA);
        uint256 second = Math.min(units - first, UNITS_PER_ERA);
        uint256 last = units - first - second;
        return Math.min(MOST, FIRST_RATE * first + SECOND_RATE * second + LAST_RATE * last);
    }
}
