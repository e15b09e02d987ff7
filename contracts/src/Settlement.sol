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

    /// @dev What all devices of an epoch have in common.
    struct Terms {
        uint32 epoch;
        bytes32 beacon;
        uint256 slots;
        uint256 emission; // wei
        uint256 totalWeight;
    }

    /// @dev What the committee of a device said, and what follows. Amounts in wei of KAI.
    struct Outcome {
        uint8[COMMITTEE_SIZE] scores; // in committee order
        uint256 present; // how many
        uint8 presentMask;
        uint8 agreedMask;
        uint8 median;
        uint256 commission; // of each member that gets it
        uint256 pay; // of the provider
    }

    /// @dev One word.
    struct Account {
        uint128 owed;
        uint64 agreed;
        uint64 disagreed;
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
    mapping(uint32 slot => Account) private _accounts;
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
            if (!_settled[e].get(items[i].device)) _settle(terms, items[i].device, items[i].proofs);
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
            Account storage slot = _accounts[slots[i]];
            uint256 amount = slot.owed;
            if (msg.sender == address(SLOTS)) delete _accounts[slots[i]];
            if (amount == 0) continue;
            slot.owed = 0;
            total += amount;
            _mint(SLOTS.ownerOf(slots[i]), amount);
        }
    }

    /// @notice The slots that check device `p` in epoch `e`, in order; the first one runs the muster.
    function committee(uint32 e, uint24 p) external view returns (uint32[] memory) {
        bytes32 beacon = BEACON.beaconOf(e);
        if (beacon == 0) revert NotOpened(e);
        return _committee(beacon, p, SLOTS.countAt(e));
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
        Account storage found = _accounts[slot];
        return (found.owed, found.agreed, found.disagreed);
    }

    function _settle(Terms memory terms, uint24 p, Proof[] calldata proofs) private {
        (address owner, uint32 weight, Phase phase) = DEVICES.dueAt(p, terms.epoch);
        if (weight == 0) revert NoWeight(terms.epoch, p);
        _settled[terms.epoch].set(p);
        uint32[] memory members = _committee(terms.beacon, p, terms.slots);
        Outcome memory outcome = _hear(terms.epoch, p, members, proofs);
        if (members.length > 0) {
            outcome.commission = terms.emission * weight * (PERCENT - PROVIDER_PERCENT)
                / (terms.totalWeight * PERCENT * members.length);
            _credit(members, outcome);
        }
        _judge(terms, p, phase, weight, outcome);
        if (outcome.pay > 0) _earned[owner] += outcome.pay;
        emit Settled(
            terms.epoch,
            p,
            outcome.median,
            outcome.presentMask,
            outcome.agreedMask,
            outcome.pay,
            outcome.commission
        );
    }

    /// @dev Fills in the provider's pay; promotes the device, or burns of its bond what it could have earned.
    function _judge(Terms memory terms, uint24 p, Phase phase, uint256 weight, Outcome memory outcome) private {
        uint256 median = outcome.median;
        if (median == NO_MEDIAN) return;
        uint256 most = terms.emission * weight * PROVIDER_PERCENT; // times `whole`
        uint256 whole = terms.totalWeight * PERCENT;
        if (phase == Phase.REGISTERING) {
            if (median > 0) DEVICES.promote(p);
        } else if (median > 0) {
            outcome.pay = most * median / (whole * ReportTree.MOST_SCORE);
        } else if (!DEVICES.wasInService(p, terms.epoch)) {
            DEVICES.burnBond(p, most / whole);
        }
    }

    /// @dev Without a quorum every present member gets the commission, and nobody's agreement is counted.
    function _credit(uint32[] memory members, Outcome memory outcome) private {
        bool quorum = outcome.median != NO_MEDIAN;
        for (uint256 i = 0; i < members.length; ++i) {
            if ((outcome.presentMask >> i) & 1 == 0) continue;
            Account memory slot = _accounts[members[i]];
            bool agreed = (outcome.agreedMask >> i) & 1 == 1;
            if (agreed || !quorum) slot.owed += uint128(outcome.commission);
            if (agreed) {
                ++slot.agreed;
            } else if (quorum) {
                ++slot.disagreed;
            }
            _accounts[members[i]] = slot;
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
        terms.beacon = BEACON.beaconOf(e);
        if (terms.beacon == 0) revert NotOpened(e);
        terms.slots = SLOTS.countAt(e);
        terms.emission = EMISSION.emissionOf(e);
        terms.totalWeight = DEVICES.totalWeightAt(e);
    }

    /// @dev Reads the score of each member out of its report.
    function _hear(uint32 e, uint24 p, uint32[] memory members, Proof[] calldata proofs)
        private
        view
        returns (Outcome memory outcome)
    {
        if (proofs.length != members.length) revert WrongProofCount(proofs.length, members.length);
        bytes32[] memory roots = REPORTS.reportsOf(e, members);
        for (uint256 i = 0; i < members.length; ++i) {
            if (uint256(roots[i]) & 1 == 0) continue; // nothing shown: absent
            if (!ReportTree.opens(proofs[i], p, roots[i])) revert WrongProof(e, p, members[i]);
            uint8 score = ReportTree.scoreIn(proofs[i].word, p);
            if (score == ReportTree.ABSENT) continue;
            outcome.scores[i] = score;
            outcome.presentMask |= uint8(1 << i);
            ++outcome.present;
        }
        outcome.median = NO_MEDIAN;
        if (outcome.present < members.length / 2 + 1) return outcome;
        outcome.median = _lowerMedian(outcome);
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 score = outcome.scores[i];
            bool near = score + BAND >= outcome.median && score <= outcome.median + BAND;
            if (near) outcome.agreedMask |= uint8(1 << i) & outcome.presentMask;
        }
    }

    /// @dev id = keccak256(beacon || BE32(p) || BE32(c)) mod slots, c = 0, 1, …, the first 7 distinct ones.
    function _committee(bytes32 beacon, uint24 p, uint256 slots) private pure returns (uint32[] memory members) {
        members = new uint32[](slots < COMMITTEE_SIZE ? slots : COMMITTEE_SIZE);
        uint256 found = 0;
        for (uint32 c = 0; found < members.length; ++c) {
            uint32 id = uint32(uint256(keccak256(abi.encodePacked(beacon, uint32(p), c))) % slots);
            uint256 i = 0;
            while (i < found && members[i] != id) ++i;
            if (i == found) members[found++] = id;
        }
    }

    /// @dev Of the present members' scores; the lower of two in the middle.
    function _lowerMedian(Outcome memory outcome) private pure returns (uint8) {
        uint8[COMMITTEE_SIZE] memory sorted;
        uint256 count = 0;
        for (uint256 member = 0; member < COMMITTEE_SIZE; ++member) {
            if ((outcome.presentMask >> member) & 1 == 0) continue;
            uint256 to = count++;
            for (; to > 0 && sorted[to - 1] > outcome.scores[member]; --to) {
                sorted[to] = sorted[to - 1];
            }
            sorted[to] = outcome.scores[member];
        }
        return sorted[(count - 1) / 2];
    }
}
