// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {KaiToken} from "./KaiToken.sol";

/// @title The sum of all stakes, and how much of it may be slashed
/// @notice At most 5 % of all stake is slashed in any seven days: time is cut into windows of seven days, and each may
/// slash 5 % less what the window before it did. Seven days touch at most two windows.
abstract contract StakeLedger {
    uint256 private constant WINDOW_SECONDS = 7 days;
    uint256 private constant CAP_SHARE = 20; // 5 %
    /// @dev The reporter of an offence gets one in so many, the rest is burned.
    uint256 internal constant REPORTER_SHARE = 10;

    /// @dev One word, since each slash changes all of it. What was slashed is kept in gwei, rounded up.
    struct Ledger {
        uint96 totalStake;
        uint64 slashedGwei;
        uint64 slashedBeforeGwei;
        uint32 window;
    }

    KaiToken internal immutable TOKEN;

    Ledger private _ledger;

    constructor(KaiToken token) {
        TOKEN = token;
    }

    /// @notice Wei of KAI staked, what waits for the end of unbonding included.
    function totalStake() external view returns (uint256) {
        return _ledger.totalStake;
    }

    /// @notice Burns what was slashed and not burned yet (and whatever else came here unasked).
    /// @dev Not at each slash: that would cost its reporter 15,000 gas more.
    function burnSlashed() external returns (uint256 burned) {
        burned = TOKEN.balanceOf(address(this)) - _ledger.totalStake;
        TOKEN.burn(burned);
    }

    function _addStake(uint256 amount) internal {
        _ledger.totalStake += uint96(amount);
    }

    function _removeStake(uint256 amount) internal {
        _ledger.totalStake -= uint96(amount);
    }

    /// @dev Takes up to `wanted` out of the stakes, as far as the cap allows.
    function _takeForSlash(uint256 wanted) internal returns (uint256 amount) {
        Ledger memory ledger = _ledger;
        uint32 window = uint32(block.timestamp / WINDOW_SECONDS);
        if (window != ledger.window) {
            ledger.slashedBeforeGwei = window == ledger.window + 1 ? ledger.slashedGwei : 0;
            ledger.slashedGwei = 0;
            ledger.window = window;
        }
        uint256 cap = uint256(ledger.totalStake) / CAP_SHARE;
        uint256 slashed = (uint256(ledger.slashedGwei) + ledger.slashedBeforeGwei) * 1 gwei;
        amount = Math.min(wanted, cap > slashed ? cap - slashed : 0);
        ledger.slashedGwei += uint64(Math.ceilDiv(amount, 1 gwei));
        ledger.totalStake -= uint96(amount);
        _ledger = ledger;
    }
}
