// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {Devices, Phase} from "./Devices.sol";
import {Emission} from "./Emission.sol";
import {IBeacon} from "./IBeacon.sol";
import {KaiToken} from "./KaiToken.sol";
import {PauseGroups} from "./PauseGroups.sol";
import {Reports} from "./Reports.sol";
import {Proof, ReportTree} from "./ReportTree.sol";
import {EpochClock, Schedule} from "./Schedule.sol";
import {ISlotAccounts, Slots} from "./Slots.sol";

/// @notice One device to settle.
/// @param proofs one a member, in committee order
struct Item {
    uint24 device;
    Proof[] proofs;
}

/// @title Splits what an epoch distributes by what the committees found
/// @notice Each device has a share of the epoch's emission, by weight: part for its owner, by the median of its
/// committee's scores, part for the members who agree with the median. Nothing is summed over devices, so the payment
/// of one depends on no other, on nobody's order, and all of them together are never more than the emission.
contract Settlement is EpochClock, PauseGroups, ReentrancyGuard, ISlotAccounts {
    using BitMaps for BitMaps.BitMap;

    /// @notice Pause group of `settle` and `settleBatch`.
    uint8 public constant SETTLE = 0;
    /// @notice Pause group of `withdraw` and `withdrawSlots`.
    uint8 public constant WITHDRAW = 1;

    uint256 private constant COMMITTEE_SIZE = 7;
    uint8 private constant NO_MEDIAN = 255;
    uint256 private constant PERCENT = 100;
    uint256 private constant ONE_AGREED = 1 << 128;
    uint256 private constant ONE_DISAGREED = 1 << 192;

    /// @dev What all devices of an epoch have in common.
    struct Terms {
        uint32 epoch;
        bytes32 beacon;
        uint256 slots;
        uint256 emission; // wei
    }

    /// @dev What the committee of a device said.
    struct Outcome {
        uint8[COMMITTEE_SIZE] scores; // in committee order
        uint8 presentMask;
        uint8 agreedMask;
        uint8 median;
    }

    KaiToken private immutable TOKEN;
    Emission private immutable EMISSION;
    IBeacon private immutable BEACON;
    Devices private immutable DEVICES;
    Slots private immutable SLOTS;
    Reports private immutable REPORTS;
    uint256 private immutable PROVIDER_PERCENT;
    uint256 private immutable BAND;

    mapping(uint32 e => BitMaps.BitMap) private _settled;
    /// @dev Owed | agreed << 128 | disagreed << 192: one word, and one addition changes all of it.
    mapping(uint32 slot => uint256) private _accounts;
    mapping(address owner => uint256 amount) private _earned;

    event Settled(
        uint32 indexed epoch,
        uint24 indexed device,
        uint8 median,
        uint8 presentMask,
        uint8 agreedMask,
        uint256 providerPay,
        uint256 commissionEach
    );
    event Withdrawn(address indexed account, uint256 amount);

    /// @notice The share must be at most 100, the band below 200.
    error BadParameter(string name, uint256 value, uint256 limit);
    /// @notice Allowed in [begin, end), Unix seconds.
    error OutsideWindow(uint256 begin, uint256 end, uint256 time);
    /// @notice The epoch has no beacon.
    error NotOpened(uint32 epoch);
    /// @notice The device is settled for this epoch.
    error AlreadySettled(uint32 epoch, uint24 device);
    /// @notice The device has no weight in this epoch.
    error NoWeight(uint32 epoch, uint24 device);
    /// @notice One proof a committee member is needed.
    error WrongProofCount(uint256 proofs, uint256 members);
    /// @notice The proof of this member does not open the leaf that covers the device.
    error WrongProof(uint32 epoch, uint24 device, uint32 slot);
    /// @notice There is nothing to withdraw.
    error NothingEarned(address account);

    /// @param providerPercent of a device's share, for its owner; the rest is for the checkers
    /// @param band how far from the median a score may be and still agree, in steps of half a percent
    /// @param admin grants and revokes roles
    constructor(
        KaiToken token,
        Emission emission,
        IBeacon beacon,
        Devices devices,
        Slots slots,
        Reports reports,
        Schedule memory s,
        uint8 providerPercent,
        uint8 band,
        address admin
    ) EpochClock(s) PauseGroups(admin) {
        if (providerPercent > PERCENT) revert BadParameter("providerPercent", providerPercent, PERCENT);
        if (band >= ReportTree.MOST_SCORE) revert BadParameter("band", band, ReportTree.MOST_SCORE - 1);
        TOKEN = token;
        EMISSION = emission;
        BEACON = beacon;
        DEVICES = devices;
        SLOTS = slots;
        REPORTS = reports;
        PROVIDER_PERCENT = providerPercent;
        BAND = band;
    }

    /// @notice Settles device `p` for epoch `e`, once, after the reveal window; by anybody.
    /// @param proofs one a member, in committee order; that of a member without a shown report is not looked at
    function settle(uint32 e, uint24 p, Proof[] calldata proofs) external whenRunning(SETTLE) {
        Terms memory terms = _terms(e);
        if (_settled[e].get(p)) revert AlreadySettled(e, p);
        _settle(terms, p, proofs);
    }

    /// @notice Settles several devices for epoch `e`. Skips those that are settled.
    function settleBatch(uint32 e, Item[] calldata items) external whenRunning(SETTLE) {
        Terms memory terms = _terms(e);
        for (uint256 i = 0; i < items.length; ++i) {
            Item calldata item = items[i];
            if (!_settled[e].get(item.device)) _settle(terms, item.device, item.proofs);
        }
    }

    /// @notice Mints what the caller's devices earned.
    function withdraw() external nonReentrant whenRunning(WITHDRAW) returns (uint256 amount) {
        amount = _earned[msg.sender];
        if (amount == 0) revert NothingEarned(msg.sender);
        _earned[msg.sender] = 0;
        _mint(msg.sender, amount);
    }

    /// @inheritdoc ISlotAccounts
    /// @dev Slots calls it before an id is taken again; the next owner then begins without a history.
    function withdrawSlots(uint32[] calldata slots)
        external
        nonReentrant
        whenRunning(WITHDRAW)
        returns (uint256 total)
    {
        for (uint256 i = 0; i < slots.length; ++i) {
            uint32 slot = slots[i];
            uint256 amount = uint128(_accounts[slot]);
            _accounts[slot] = msg.sender == address(SLOTS) ? 0 : _accounts[slot] - amount;
            if (amount == 0) continue;
            total += amount;
            _mint(SLOTS.ownerOf(slot), amount);
        }
    }

    /// @notice The slots that check device `p` in epoch `e`, in order; the first one runs the muster.
    function committee(uint32 e, uint24 p) external view returns (uint32[] memory) {
        (bytes32 beacon, uint256 slots) = _opened(e);
        return _committee(beacon, p, slots);
    }

    /// @notice Whether device `p` is settled for epoch `e`.
    function settled(uint32 e, uint24 p) external view returns (bool) {
        return _settled[e].get(p);
    }

    /// @notice Wei of KAI that an owner's devices earned and that is not withdrawn.
    function earned(address owner) external view returns (uint256) {
        return _earned[owner];
    }

    /// @notice What a slot is owed (wei of KAI, not withdrawn), and how often it agreed with its committees.
    function account(uint32 slot) external view returns (uint128 owed, uint64 agreed, uint64 disagreed) {
        uint256 found = _accounts[slot];
        return (uint128(found), uint64(found >> 128), uint64(found >> 192));
    }

    /// @dev No product overflows: an emission is below 2^91, a weight below 2^32, the rest below 2^8 each.
    function _settle(Terms memory terms, uint24 p, Proof[] calldata proofs) private {
        (address owner, uint256 weight, Phase phase, uint256 whole) = DEVICES.dueAt(p, terms.epoch);
        if (weight == 0) revert NoWeight(terms.epoch, p);
        _settled[terms.epoch].set(p);
        uint32[] memory members = _committee(terms.beacon, p, terms.slots);
        Outcome memory outcome = _hear(terms.epoch, p, members, proofs);
        uint256 pay = 0;
        uint256 commission = 0;
        unchecked {
            weight *= terms.emission; // from here on the device's share is weight / whole
            whole *= PERCENT;
            if (members.length > 0) {
                commission = weight * (PERCENT - PROVIDER_PERCENT) / (whole * members.length);
                _credit(members, outcome, commission);
            }
            weight *= PROVIDER_PERCENT;
            if (outcome.median == 0) {
                if (phase == Phase.STANDBY && !DEVICES.wasInService(p, terms.epoch)) {
                    DEVICES.burnBond(p, weight / whole);
                }
            } else if (outcome.median != NO_MEDIAN) {
                if (phase == Phase.REGISTERING) {
                    DEVICES.promote(p);
                } else {
                    pay = weight * outcome.median / (whole * ReportTree.MOST_SCORE);
                    _earned[owner] += pay;
                }
            }
        }
        _tell(terms.epoch, p, outcome, pay, commission);
    }

    function _tell(uint32 e, uint24 p, Outcome memory outcome, uint256 pay, uint256 commission) private {
        emit Settled(e, p, outcome.median, outcome.presentMask, outcome.agreedMask, pay, commission);
    }

    /// @dev Without a quorum every present member gets the commission, and nobody's agreement is counted.
    function _credit(uint32[] memory members, Outcome memory outcome, uint256 commission) private {
        uint256 agreed = commission;
        uint256 disagreed = commission;
        if (outcome.median != NO_MEDIAN) (agreed, disagreed) = (agreed | ONE_AGREED, ONE_DISAGREED);
        for (uint256 i = 0; i < members.length; ++i) {
            if ((outcome.presentMask >> i) & 1 == 0) continue;
            _accounts[members[i]] += (outcome.agreedMask >> i) & 1 == 1 ? agreed : disagreed;
        }
    }

    function _mint(address to, uint256 amount) private {
        emit Withdrawn(to, amount);
        TOKEN.mint(to, amount);
    }

    function _terms(uint32 e) private view returns (Terms memory terms) {
        if (block.timestamp < _revealEnd(e) || block.timestamp >= _settleEnd(e)) {
            revert OutsideWindow(_revealEnd(e), _settleEnd(e), block.timestamp);
        }
        terms.epoch = e;
        (terms.beacon, terms.slots) = _opened(e);
        terms.emission = EMISSION.emissionOf(e);
    }

    /// @dev What committees of the epoch are drawn by.
    function _opened(uint32 e) private view returns (bytes32 beacon, uint256 slots) {
        beacon = BEACON.beaconOf(e);
        if (beacon == 0) revert NotOpened(e);
        slots = SLOTS.countAt(e);
    }

    /// @dev Reads the score of each member out of its report.
    function _hear(uint32 e, uint24 p, uint32[] memory members, Proof[] calldata proofs)
        private
        view
        returns (Outcome memory outcome)
    {
        if (proofs.length != members.length) revert WrongProofCount(proofs.length, members.length);
        bytes32[] memory roots = REPORTS.reportsOf(e, members);
        uint8[COMMITTEE_SIZE] memory sorted;
        uint256 present = 0;
        for (uint256 i = 0; i < members.length; ++i) {
            if (uint256(roots[i]) & 1 == 0) continue; // nothing shown: absent
            Proof calldata proof = proofs[i];
            if (!ReportTree.opens(proof, p, roots[i])) revert WrongProof(e, p, members[i]);
            uint8 score = ReportTree.scoreIn(proof.word, p);
            if (score == ReportTree.ABSENT) continue;
            outcome.scores[i] = score;
            outcome.presentMask |= uint8(1 << i);
            uint256 to = present++;
            for (; to > 0 && sorted[to - 1] > score; --to) {
                sorted[to] = sorted[to - 1];
            }
            sorted[to] = score;
        }
        outcome.median = NO_MEDIAN;
        if (present < members.length / 2 + 1) return outcome;
        uint256 median = sorted[(present - 1) / 2]; // the lower one of two
        outcome.median = uint8(median);
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 score = outcome.scores[i];
            if (score + BAND < median || score > median + BAND) continue;
            outcome.agreedMask |= uint8(1 << i) & outcome.presentMask;
        }
    }

    /// @dev id = keccak256(beacon || BE32(p) || BE32(c)) mod slots, c = 0, 1, …, the first 7 distinct ones.
    function _committee(bytes32 beacon, uint24 p, uint256 slots) private pure returns (uint32[] memory members) {
        members = new uint32[](slots < COMMITTEE_SIZE ? slots : COMMITTEE_SIZE);
        uint256 found = 0;
        for (uint256 c = 0; found < members.length; ++c) {
            // In the scratch space: a committee out of few slots takes many draws.
            bytes32 drawn;
            assembly ("memory-safe") {
                mstore(0, beacon)
                mstore(32, or(shl(224, p), shl(192, c)))
                drawn := keccak256(0, 40)
            }
            uint32 id = uint32(uint256(drawn) % slots);
            uint256 i = 0;
            while (i < found && members[i] != id) ++i;
            if (i == found) members[found++] = id;
        }
    }
}
