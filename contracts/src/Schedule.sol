// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @notice When epochs and their windows are. Epoch e begins at T_e = genesis + e * epochSeconds; the windows count
/// from its end E = T_(e+1). Units: Unix seconds and seconds.
/// @param genesis begin of epoch 0
/// @param epochSeconds length of an epoch
/// @param commitSeconds reports are committed to in [E, E + commitSeconds)
/// @param revealSeconds and shown in the revealSeconds after that
/// @param settleSeconds settling ends at E + settleSeconds
/// @param disputeSeconds offences can be proved that long after the reveal window
/// @param unbondingSeconds a stake or bond stays that long after its owner asked for it
struct Schedule {
    uint64 genesis;
    uint32 epochSeconds;
    uint32 commitSeconds;
    uint32 revealSeconds;
    uint32 settleSeconds;
    uint32 disputeSeconds;
    uint32 unbondingSeconds;
}

/// @title What time it is in epochs
/// @dev By block timestamp, never by block number: the block time of a chain may change.
abstract contract EpochClock {
    uint256 private immutable GENESIS;
    uint256 private immutable EPOCH_SECONDS;
    uint256 private immutable COMMIT_SECONDS;
    uint256 private immutable REVEAL_SECONDS;
    uint256 private immutable SETTLE_SECONDS;
    uint256 private immutable DISPUTE_SECONDS;
    uint256 private immutable UNBONDING_SECONDS;

    /// @notice There is no epoch yet.
    error BeforeGenesis(uint64 genesis, uint256 time);
    /// @notice A window is empty, or the windows of two epochs would overlap, or settling would end before it begins.
    error BadSchedule(Schedule schedule);

    constructor(Schedule memory s) {
        uint256 reportSeconds = uint256(s.commitSeconds) + s.revealSeconds;
        if (
            s.genesis == 0 || s.commitSeconds == 0 || s.revealSeconds == 0 || reportSeconds > s.epochSeconds
                || reportSeconds >= s.settleSeconds
        ) revert BadSchedule(s);
        GENESIS = s.genesis;
        EPOCH_SECONDS = s.epochSeconds;
        COMMIT_SECONDS = s.commitSeconds;
        REVEAL_SECONDS = s.revealSeconds;
        SETTLE_SECONDS = s.settleSeconds;
        DISPUTE_SECONDS = s.disputeSeconds;
        UNBONDING_SECONDS = s.unbondingSeconds;
    }

    /// @notice The schedule that this contract was made with.
    function schedule() external view returns (Schedule memory) {
        return Schedule({
            genesis: uint64(GENESIS),
            epochSeconds: uint32(EPOCH_SECONDS),
            commitSeconds: uint32(COMMIT_SECONDS),
            revealSeconds: uint32(REVEAL_SECONDS),
            settleSeconds: uint32(SETTLE_SECONDS),
            disputeSeconds: uint32(DISPUTE_SECONDS),
            unbondingSeconds: uint32(UNBONDING_SECONDS)
        });
    }

    /// @notice The epoch of this block; reverts before genesis.
    function currentEpoch() public view returns (uint32) {
        if (block.timestamp < GENESIS) revert BeforeGenesis(uint64(GENESIS), block.timestamp);
        return uint32((block.timestamp - GENESIS) / EPOCH_SECONDS);
    }

    /// @notice The first epoch for which a change made now counts: the one after the next, 0 before genesis.
    function countsFrom() public view returns (uint32) {
        return block.timestamp < GENESIS ? 0 : currentEpoch() + 2;
    }

    /// @dev T_e.
    function _begin(uint256 e) internal view returns (uint256) {
        return GENESIS + e * EPOCH_SECONDS;
    }

    /// @dev End of e, begin of its commit window.
    function _end(uint256 e) internal view returns (uint256) {
        return _begin(e + 1);
    }

    /// @dev End of e's commit window, begin of its reveal window.
    function _revealBegin(uint256 e) internal view returns (uint256) {
        return _end(e) + COMMIT_SECONDS;
    }

    /// @dev End of e's reveal window, begin of its settling.
    function _revealEnd(uint256 e) internal view returns (uint256) {
        return _revealBegin(e) + REVEAL_SECONDS;
    }

    function _settleEnd(uint256 e) internal view returns (uint256) {
        return _end(e) + SETTLE_SECONDS;
    }

    /// @dev Until then offences of e can be proved.
    function _disputeEnd(uint256 e) internal view returns (uint256) {
        return _revealEnd(e) + DISPUTE_SECONDS;
    }

    function _epochSeconds() internal view returns (uint256) {
        return EPOCH_SECONDS;
    }

    function _genesis() internal view returns (uint256) {
        return GENESIS;
    }

    function _settleSeconds() internal view returns (uint256) {
        return SETTLE_SECONDS;
    }

    function _unbondingSeconds() internal view returns (uint256) {
        return UNBONDING_SECONDS;
    }
}
