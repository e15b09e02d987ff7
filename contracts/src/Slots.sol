// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {DoubleEndedQueue} from "@openzeppelin/contracts/utils/structs/DoubleEndedQueue.sol";
import {CheckerLicense} from "./CheckerLicense.sol";
import {KaiToken} from "./KaiToken.sol";
import {PauseGroups} from "./PauseGroups.sol";
import {EpochClock, Schedule} from "./Schedule.sol";
import {StakeLedger} from "./StakeLedger.sol";

/// @notice A checker slot as it is now.
/// @param owner holds licence and stake, and is paid
/// @param hotKey signs reports, the newest one; 0 when ejected
/// @param tlsPin SHA-256 of the DER SubjectPublicKeyInfo of its TLS key
/// @param anchor what the secret of epoch `anchorEpoch` hashes to
/// @param anchorEpoch the first epoch whose secret was not shown yet
/// @param stake wei of KAI left
/// @param license 0 once claimed
/// @param activeFrom first epoch of duty; 0 when ejected
/// @param activeUntil first epoch without; the largest number: no end; 0 when ejected
/// @param claimableAt Unix seconds; 0: no exit
/// @param streak misses marked since the last shown report
/// @param ejected for two reports in one epoch
struct Slot {
    address owner;
    address hotKey;
    bytes32 tlsPin;
    bytes32 anchor;
    uint32 anchorEpoch;
    uint128 stake;
    uint256 license;
    uint32 activeFrom;
    uint32 activeUntil;
    uint64 claimableAt;
    uint32 streak;
    bool ejected;
}

/// @notice Pays a slot's owner what the slot earned.
interface ISlotAccounts {
    function withdrawSlots(uint32[] calldata slots) external returns (uint256);
}

/// @title The checkers' slots: a licence and a stake each
contract Slots is EpochClock, PauseGroups, StakeLedger {
    using Checkpoints for Checkpoints.Trace160;
    using Checkpoints for Checkpoints.Trace224;
    using DoubleEndedQueue for DoubleEndedQueue.Bytes32Deque;
    using SafeCast for uint256;

    /// @notice Reports: slashes, ejects, advances anchors.
    bytes32 public constant REPORTS_ROLE = keccak256("REPORTS_ROLE");
    /// @notice Sets the stake of new slots.
    bytes32 public constant PARAMETER_ROLE = keccak256("PARAMETER_ROLE");
    /// @notice Pause group of `register`.
    uint8 public constant REGISTER = 0;

    uint32 private constant NO_END = type(uint32).max;
    /// @dev So many epochs without a shown report are bridged by hashing on.
    uint32 private constant MOST_BRIDGED = 64;
    uint256 private constant PARTS_PER_MILLION = 1_000_000;
    uint256 private constant MISSED_PPM = 1_000;
    uint256 private constant MOST_MISSED_PPM = 10_000;
    uint256 private constant UNREVEALED_PPM = 5_000;
    uint256 private constant EQUIVOCATION_PPM = 100_000;

    /// @dev All that a commit needs, in one word.
    struct Duty {
        address hotKey; // from keyFrom on
        uint32 keyFrom;
        uint32 activeFrom;
        uint32 activeUntil;
    }

    /// @dev All that a reveal or a slash changes, in one word.
    struct Holding {
        uint96 stake;
        uint32 anchorEpoch;
        uint32 nextAnchorFrom; // 0: no other chain is waiting
        uint64 claimableAt;
        uint16 streak;
        bool ejected;
    }

    struct Entry {
        Duty duty;
        Holding holding;
        bytes32 anchor;
        bytes32 nextAnchor;
        address owner;
        bytes32 tlsPin;
        uint256 license;
        Checkpoints.Trace160 pastKeys; // by the first epoch of each
    }

    CheckerLicense private immutable LICENSE;

    mapping(uint32 id => Entry) private _slots;
    uint32 private _count;
    Checkpoints.Trace224 private _countByEpoch;
    mapping(address hotKey => uint256 slotPlusOne) private _slotOfKey;
    /// @dev Who could take another slot's hash chain for its own could show that slot's reports as its own.
    mapping(bytes32 anchor => bool) private _isAnchorUsed;
    /// @dev Claimed ids with the time from which they can be taken again, the earliest first.
    DoubleEndedQueue.Bytes32Deque private _vacated;
    uint128 private _stakeRequired;
    ISlotAccounts private _accounts;

    event SlotRegistered(
        uint32 indexed slot,
        address indexed owner,
        address indexed hotKey,
        bytes32 tlsPin,
        bytes32 anchor,
        uint256 license,
        uint256 stake,
        uint32 firstEpoch
    );
    event HotKeyChanged(uint32 indexed slot, address hotKey, uint32 countsFrom);
    event TlsPinChanged(uint32 indexed slot, bytes32 tlsPin);
    event AnchorChanged(uint32 indexed slot, bytes32 anchor, uint32 firstEpoch);
    event ExitRequested(uint32 indexed slot, uint32 activeUntil, uint64 claimableAt);
    event Claimed(uint32 indexed slot, uint256 amount);
    event Slashed(uint32 indexed slot, uint256 amount, uint256 toReporter, address reporter);
    event Ejected(uint32 indexed slot);
    event StakeChanged(uint128 stake);
    event SettlementSet(address settlement);

    /// @notice Slot, and how many ids were ever used.
    error NoSlot(uint32 slot, uint32 count);
    /// @notice The caller is not the slot's owner, or the slot was claimed.
    error NotOwner(uint32 slot, address caller, address owner);
    /// @notice A value that must not be 0 is.
    error ZeroValue(string name);
    /// @notice The first epoch must be `from` or `from + 1`.
    error BadFirstEpoch(uint32 firstEpoch, uint32 from);
    /// @notice Some slot's hash chain has, or had, this value; copied or not, it cannot be an anchor again.
    error AnchorUsed(bytes32 value);
    /// @notice Another slot has this hot key.
    error HotKeyTaken(address hotKey, uint32 slot);
    /// @notice The owner asked for exit, or the slot was ejected.
    error Exiting(uint32 slot, uint64 claimableAt);
    /// @notice The stake is free from `claimableAt` on; 0: no exit was asked for.
    error StillBonded(uint32 slot, uint64 claimableAt, uint256 time);
    /// @notice The chain that was set last begins in this epoch, and the one before it may still be needed.
    error AnchorPending(uint32 slot, uint32 firstEpoch);
    /// @notice The anchor is for epoch `from`, and reaches 64 epochs beyond it.
    error AnchorOutOfReach(uint32 slot, uint32 from, uint32 epoch);
    /// @notice The secret does not lead to the slot's anchor.
    error WrongSecret(uint32 slot, uint32 epoch);
    /// @notice The signer is not the slot's hot key of that epoch.
    error NotHotKey(uint32 slot, uint32 epoch, address signer, address hotKey);
    /// @notice The slot was ejected before.
    error AlreadyEjected(uint32 slot);
    /// @notice The settlement contract is set once.
    error SettlementAlreadySet(address settlement);

    modifier onlyOwnerOf(uint32 id) {
        Entry storage entry = _entry(id);
        if (entry.owner != msg.sender || entry.license == 0) revert NotOwner(id, msg.sender, entry.owner);
        _;
    }

    /// @param required wei of KAI, the stake of a new slot
    /// @param admin grants and revokes roles
    constructor(KaiToken token, CheckerLicense license, Schedule memory s, uint128 required, address admin)
        EpochClock(s)
        PauseGroups(admin)
        StakeLedger(token)
    {
        LICENSE = license;
        _setStake(required);
    }

    /// @notice Tells, once, which contract pays the owner of a slot before its id is taken again.
    function setSettlement(ISlotAccounts accounts) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (address(_accounts) != address(0)) revert SettlementAlreadySet(address(_accounts));
        _accounts = accounts;
        emit SettlementSet(address(accounts));
    }

    /// @notice Registers a slot of the caller; takes the licence and the stake (allowances are needed).
    /// @param anchor what the secret of `firstEpoch` hashes to
    /// @param firstEpoch `countsFrom()` or the one after it
    /// @return id dense; an id claimed longer ago than settling takes is taken again first
    function register(uint256 license, address hotKey, bytes32 tlsPin, bytes32 anchor, uint32 firstEpoch)
        external
        whenRunning(REGISTER)
        returns (uint32 id)
    {
        if (tlsPin == 0) revert ZeroValue("tlsPin");
        _useAnchor(anchor, firstEpoch);
        uint128 stake = _stakeRequired;
        id = _takeId(firstEpoch);
        _bindHotKey(id, hotKey);
        Entry storage entry = _slots[id];
        entry.duty = Duty(hotKey, firstEpoch, firstEpoch, NO_END);
        entry.holding = Holding(uint256(stake).toUint96(), firstEpoch, 0, 0, 0, false);
        entry.anchor = anchor;
        entry.owner = msg.sender;
        entry.tlsPin = tlsPin;
        entry.license = license;
        _addStake(stake);
        emit SlotRegistered(id, msg.sender, hotKey, tlsPin, anchor, license, stake, firstEpoch);
        LICENSE.transferFrom(msg.sender, address(this), license);
        TOKEN.transferFrom(msg.sender, address(this), stake);
    }

    /// @notice Changes the hot key from the next epoch on (before genesis from epoch 0). Reports of earlier epochs,
    /// that of this one included, stay with the old key.
    function setHotKey(uint32 id, address hotKey) external onlyOwnerOf(id) {
        Duty storage duty = _slots[id].duty;
        if (_slots[id].holding.ejected) revert AlreadyEjected(id);
        _releaseHotKey(_slots[id]);
        _bindHotKey(id, hotKey);
        uint32 from = block.timestamp < _genesis() ? 0 : currentEpoch() + 1;
        if (from > duty.keyFrom) {
            _slots[id].pastKeys.push(duty.keyFrom, uint160(duty.hotKey));
            duty.keyFrom = from;
        }
        duty.hotKey = hotKey;
        emit HotKeyChanged(id, hotKey, duty.keyFrom);
    }

    /// @notice Changes the TLS pin, by the owner or the hot key.
    function setTlsPin(uint32 id, bytes32 tlsPin) external {
        Entry storage entry = _entry(id);
        if (entry.license == 0 || (msg.sender != entry.owner && msg.sender != entry.duty.hotKey)) {
            revert NotOwner(id, msg.sender, entry.owner);
        }
        if (tlsPin == 0) revert ZeroValue("tlsPin");
        entry.tlsPin = tlsPin;
        emit TlsPinChanged(id, tlsPin);
    }

    /// @notice Puts another hash chain in place of the old one for the epochs from `firstEpoch` on.
    /// @param anchor what the secret of `firstEpoch` hashes to
    /// @param firstEpoch `countsFrom()` or the one after it
    function setAnchor(uint32 id, bytes32 anchor, uint32 firstEpoch) external onlyOwnerOf(id) {
        _useAnchor(anchor, firstEpoch);
        Entry storage entry = _slots[id];
        Holding storage holding = entry.holding;
        uint32 waiting = holding.nextAnchorFrom;
        if (waiting != 0 && block.timestamp >= _begin(waiting)) {
            // The chain set before has begun: it becomes the old one, once no report of that one's can follow.
            if (currentEpoch() == waiting) revert AnchorPending(id, waiting);
            (entry.anchor, holding.anchorEpoch) = (entry.nextAnchor, waiting);
        }
        if (firstEpoch <= holding.anchorEpoch) {
            (entry.anchor, holding.anchorEpoch, holding.nextAnchorFrom) = (anchor, firstEpoch, 0);
        } else {
            (entry.nextAnchor, holding.nextAnchorFrom) = (anchor, firstEpoch);
        }
        emit AnchorChanged(id, anchor, firstEpoch);
    }

    /// @notice Ends the slot's duty at `countsFrom()`. The stake can be slashed until it can be claimed.
    function requestExit(uint32 id) external onlyOwnerOf(id) {
        Entry storage entry = _slots[id];
        if (entry.holding.claimableAt != 0) revert Exiting(id, entry.holding.claimableAt);
        uint32 until = countsFrom();
        uint64 claimableAt = _claimableAt(until);
        entry.duty.activeUntil = until;
        entry.holding.claimableAt = claimableAt;
        emit ExitRequested(id, until, claimableAt);
    }

    /// @notice Gives the owner the licence and what is left of the stake.
    function claim(uint32 id) external onlyOwnerOf(id) {
        Entry storage entry = _slots[id];
        uint64 claimableAt = entry.holding.claimableAt;
        if (claimableAt == 0 || block.timestamp < claimableAt) {
            revert StillBonded(id, claimableAt, block.timestamp);
        }
        (uint256 amount, uint256 license) = (entry.holding.stake, entry.license);
        entry.holding.stake = 0;
        entry.license = 0;
        _releaseHotKey(entry);
        _removeStake(amount);
        _vacated.pushBack(bytes32((block.timestamp + _settleSeconds()) << 32 | id));
        emit Claimed(id, amount);
        LICENSE.transferFrom(address(this), msg.sender, license);
        TOKEN.transfer(msg.sender, amount);
    }

    /// @notice Sets the stake of new slots, in wei of KAI.
    function setStake(uint128 required) external onlyRole(PARAMETER_ROLE) {
        _setStake(required);
    }

    /// @notice Takes the shown secret of epoch `e` as the anchor of the next.
    function advanceAnchor(uint32 id, uint32 e, bytes32 secret) external onlyRole(REPORTS_ROLE) {
        Entry storage entry = _slots[id];
        Holding memory holding = entry.holding;
        bool next = holding.nextAnchorFrom != 0 && e >= holding.nextAnchorFrom;
        uint32 from = next ? holding.nextAnchorFrom : holding.anchorEpoch;
        if (e < from || e - from > MOST_BRIDGED) revert AnchorOutOfReach(id, from, e);
        bytes32 value = secret;
        for (uint256 i = from; i <= e; ++i) {
            value = keccak256(abi.encode(value));
        }
        if (value != (next ? entry.nextAnchor : entry.anchor)) revert WrongSecret(id, e);
        entry.anchor = secret;
        holding.anchorEpoch = e + 1;
        holding.streak = 0;
        if (next) holding.nextAnchorFrom = 0;
        entry.holding = holding;
    }

    /// @notice 0.1 % for a missed epoch, as much more for each one in a row, at most 1 %.
    function slashMissed(uint32 id, uint32 e, address reporter) external onlyRole(REPORTS_ROLE) {
        Holding memory holding = _slots[id].holding;
        uint256 ppm = MISSED_PPM;
        // A report shown since then has ended the row.
        if (e >= holding.anchorEpoch) {
            ppm = Math.min(MISSED_PPM * (1 + uint256(holding.streak)), MOST_MISSED_PPM);
            if (holding.streak < type(uint16).max) ++holding.streak;
        }
        _slash(id, holding, ppm, reporter);
    }

    /// @notice 0.5 % for a commitment that was not shown.
    function slashUnrevealed(uint32 id, address reporter) external onlyRole(REPORTS_ROLE) {
        _slash(id, _slots[id].holding, UNREVEALED_PPM, reporter);
    }

    /// @notice 10 % and the end of all duty, for two commitments that `signer` signed for epoch `e`. The slot can
    /// commit to nothing more, not even for the epoch that has just ended; its stake is free after unbonding.
    function eject(uint32 id, uint32 e, address signer, address reporter) external onlyRole(REPORTS_ROLE) {
        Entry storage entry = _slots[id];
        Holding memory holding = entry.holding;
        if (holding.ejected) revert AlreadyEjected(id);
        address hotKey = _hotKeyAt(entry, e);
        if (signer != hotKey) revert NotHotKey(id, e, signer, hotKey);
        if (holding.claimableAt == 0) holding.claimableAt = uint64(block.timestamp + _unbondingSeconds());
        holding.ejected = true;
        _releaseHotKey(entry);
        delete entry.duty;
        _slash(id, holding, EQUIVOCATION_PPM, reporter);
        emit Ejected(id);
    }

    /// @notice Wei of KAI that a new slot must stake.
    function stakeRequired() external view returns (uint128) {
        return _stakeRequired;
    }

    /// @notice How many ids were ever used.
    function count() external view returns (uint32) {
        return _count;
    }

    /// @notice N_e: committees of epoch `e` are drawn from the ids below it.
    function countAt(uint32 e) external view returns (uint32) {
        return uint32(_countByEpoch.upperLookupRecent(e));
    }

    /// @notice A slot as it is now. A chain that was set and has not begun is told by `nextAnchor`.
    function slot(uint32 id) external view returns (Slot memory) {
        return _slot(_entry(id));
    }

    /// @notice The slots of the ids from `first` on, at most `most`.
    function page(uint32 first, uint32 most) external view returns (Slot[] memory found) {
        uint256 end = Math.min(uint256(first) + most, _count);
        found = new Slot[](first < end ? end - first : 0);
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = _slot(_slots[uint32(first + i)]);
        }
    }

    /// @notice The live slot whose newest hot key this is.
    function slotOf(address hotKey) external view returns (bool found, uint32 id) {
        uint256 plusOne = _slotOfKey[hotKey];
        return plusOne == 0 ? (false, 0) : (true, uint32(plusOne - 1));
    }

    /// @notice The slot's owner, also after the claim, until the id is taken again.
    function ownerOf(uint32 id) external view returns (address) {
        return _entry(id).owner;
    }

    /// @notice The hot key of an active slot in epoch `e`; 0 when the slot is not active in it.
    function hotKeyAt(uint32 id, uint32 e) external view returns (address) {
        return _hotKeyAt(_slots[id], e);
    }

    /// @notice Whether the slot is on duty in epoch `e`.
    function isActive(uint32 id, uint32 e) external view returns (bool) {
        return _isActive(_slots[id].duty, e);
    }

    /// @notice The hash chain that takes the place of the slot's later on, and its first epoch; zeros: none.
    function nextAnchor(uint32 id) external view returns (bytes32 anchor, uint32 firstEpoch) {
        Entry storage entry = _entry(id);
        firstEpoch = entry.holding.nextAnchorFrom;
        if (firstEpoch != 0) anchor = entry.nextAnchor;
    }

    /// @dev A vacated id whose epochs are all settled, or the next new one, which then counts from `firstEpoch`.
    function _takeId(uint32 firstEpoch) private returns (uint32 id) {
        if (!_vacated.empty()) {
            uint256 front = uint256(_vacated.front());
            if (block.timestamp >= front >> 32) {
                id = uint32(front);
                if (_payOut(id)) {
                    _vacated.popFront();
                    return id;
                }
            }
        }
        id = _count++;
        // Ids are dense: one that begins earlier than the id before it waits for that one.
        (, uint32 last,) = _countByEpoch.latestCheckpoint();
        _countByEpoch.push(firstEpoch > last ? firstEpoch : last, uint224(id) + 1);
    }

    /// @dev False while withdrawing is paused: the id waits, and registering goes on with another one.
    function _payOut(uint32 id) private returns (bool) {
        if (address(_accounts) == address(0)) return true;
        uint32[] memory ids = new uint32[](1);
        ids[0] = id;
        try _accounts.withdrawSlots(ids) {
            return true;
        } catch {
            return false;
        }
    }

    /// @dev A chain is the same as another one from the same epoch on, or as one that begins with its anchor's hash
    /// an epoch earlier. To begin later takes a secret that nobody has shown yet.
    function _useAnchor(bytes32 anchor, uint32 firstEpoch) private {
        if (anchor == 0) revert ZeroValue("anchor");
        uint32 from = countsFrom();
        if (firstEpoch < from || firstEpoch > from + 1) revert BadFirstEpoch(firstEpoch, from);
        _useValue(anchor);
        if (firstEpoch > from) _useValue(keccak256(abi.encode(anchor)));
    }

    function _useValue(bytes32 value) private {
        if (_isAnchorUsed[value]) revert AnchorUsed(value);
        _isAnchorUsed[value] = true;
    }

    function _bindHotKey(uint32 id, address hotKey) private {
        if (hotKey == address(0)) revert ZeroValue("hotKey");
        uint256 taken = _slotOfKey[hotKey];
        if (taken != 0) revert HotKeyTaken(hotKey, uint32(taken - 1));
        _slotOfKey[hotKey] = uint256(id) + 1;
    }

    function _releaseHotKey(Entry storage entry) private {
        delete _slotOfKey[entry.duty.hotKey];
    }

    /// @dev When a stake is free whose slot has no duty from epoch `until` on: after unbonding, and not before every
    /// offence of its last epoch is too old to be proved.
    function _claimableAt(uint32 until) private view returns (uint64) {
        uint256 unbonded = block.timestamp + _unbondingSeconds();
        return Math.max(unbonded, until == 0 ? 0 : _disputeEnd(until - 1)).toUint64();
    }

    /// @dev Stores `holding` less the slash.
    function _slash(uint32 id, Holding memory holding, uint256 ppm, address reporter) private {
        // No overflow: a stake is below 2^96, and what is taken is part of it.
        unchecked {
            ppm = (holding.stake * ppm + PARTS_PER_MILLION - 1) / PARTS_PER_MILLION; // rounds up
        }
        uint256 amount = _takeForSlash(ppm);
        holding.stake -= uint96(amount);
        _slots[id].holding = holding;
        uint256 toReporter = amount / REPORTER_SHARE;
        emit Slashed(id, amount, toReporter, reporter);
        TOKEN.transfer(reporter, toReporter);
    }

    function _setStake(uint128 required) private {
        uint256(required).toUint96();
        _stakeRequired = required;
        emit StakeChanged(required);
    }

    function _entry(uint32 id) private view returns (Entry storage) {
        if (id >= _count) revert NoSlot(id, _count);
        return _slots[id];
    }

    function _isActive(Duty memory duty, uint32 e) private pure returns (bool) {
        return e >= duty.activeFrom && e < duty.activeUntil;
    }

    function _hotKeyAt(Entry storage entry, uint32 e) private view returns (address) {
        Duty memory duty = entry.duty;
        if (!_isActive(duty, e)) return address(0);
        return e >= duty.keyFrom ? duty.hotKey : address(entry.pastKeys.upperLookupRecent(e));
    }

    function _slot(Entry storage entry) private view returns (Slot memory) {
        Duty memory duty = entry.duty;
        Holding memory holding = entry.holding;
        bool next = holding.nextAnchorFrom != 0 && block.timestamp >= _begin(holding.nextAnchorFrom);
        return Slot({
            owner: entry.owner,
            hotKey: duty.hotKey,
            tlsPin: entry.tlsPin,
            anchor: next ? entry.nextAnchor : entry.anchor,
            anchorEpoch: next ? holding.nextAnchorFrom : holding.anchorEpoch,
            stake: holding.stake,
            license: entry.license,
            activeFrom: duty.activeFrom,
            activeUntil: duty.activeUntil,
            claimableAt: holding.claimableAt,
            streak: holding.streak,
            ejected: holding.ejected
        });
    }
}
