// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {KaiToken} from "./KaiToken.sol";
import {PauseGroups} from "./PauseGroups.sol";
import {EpochClock, Schedule} from "./Schedule.sol";

/// @notice REGISTERING: checked before it may serve. STANDBY: idle, checked at random. IN_SERVICE: rented.
enum Phase {
    NONE,
    REGISTERING,
    STANDBY,
    IN_SERVICE
}

/// @notice What an owner says about a device.
/// @param key address of the device key
/// @param tlsPin SHA-256 of the DER SubjectPublicKeyInfo of its TLS key
/// @param endpoint host:port
/// @param deviceClass 1 to 31 printable ASCII characters, left-aligned
/// @param region as deviceClass, or empty
/// @param weight claimed int8 operations per second / 10^9: what is paid, and what is measured against
/// @param downBitsPerSecond claimed rate towards the device
/// @param upBitsPerSecond claimed rate from the device
struct Registration {
    address key;
    bytes32 tlsPin;
    string endpoint;
    bytes32 deviceClass;
    bytes32 region;
    uint32 weight;
    uint64 downBitsPerSecond;
    uint64 upBitsPerSecond;
}

/// @notice A device as it is now; `weight` the latest, `exitAt` when the bond is free (0: no exit asked for).
struct Device {
    address owner;
    address key;
    bytes32 tlsPin;
    string endpoint;
    bytes32 deviceClass;
    bytes32 region;
    uint64 downBitsPerSecond;
    uint64 upBitsPerSecond;
    uint32 weight;
    Phase phase;
    uint128 bond;
    uint64 exitAt;
}

/// @title The devices, what they claim, and the bonds behind the claims
/// @notice Weight and phase are checkpointed by epoch: what is changed now counts from the epoch after the next, so
/// that nobody who knows a beacon can still change what it decides about.
contract Devices is EpochClock, PauseGroups {
    using Checkpoints for Checkpoints.Trace224;
    using SafeCast for uint256;

    /// @notice Settlement: promotes devices and burns bonds.
    bytes32 public constant SETTLEMENT_ROLE = keccak256("SETTLEMENT_ROLE");
    /// @notice Tells which devices are rented.
    bytes32 public constant RENTAL_ROLE = keccak256("RENTAL_ROLE");
    /// @notice Sets the bond.
    bytes32 public constant PARAMETER_ROLE = keccak256("PARAMETER_ROLE");
    /// @notice Pause group of `register`.
    uint8 public constant REGISTER = 0;

    uint24 private constant MOST_DEVICES = 0xffffff;
    uint256 private constant LEAST_ENDPOINT = 3;
    uint256 private constant MOST_ENDPOINT = 255;

    /// @dev The first words hold what settling reads.
    struct Entry {
        address owner;
        uint64 exitAt;
        Phase phase;
        bool claimed;
        Checkpoints.Trace224 terms; // weight | phase << 32, by epoch
        Checkpoints.Trace224 service; // 1 from the first epoch in service on, 0 from the first one without
        address key;
        uint64 downBitsPerSecond;
        uint128 bond;
        uint64 upBitsPerSecond;
        uint32 weight;
        bytes32 tlsPin;
        bytes32 deviceClass;
        bytes32 region;
        string endpoint;
    }

    KaiToken private immutable TOKEN;

    mapping(uint24 id => Entry) private _devices;
    Checkpoints.Trace224 private _totalWeight;
    uint24 private _count;
    uint128 private _bondPerWeight;

    event DeviceRegistered(
        uint24 indexed device, address indexed owner, Registration registration, uint32 countsFrom
    );
    event EndpointChanged(uint24 indexed device, string endpoint, bytes32 tlsPin);
    event WeightChanged(uint24 indexed device, uint32 weight, uint32 countsFrom);
    event PhaseChanged(uint24 indexed device, Phase phase, uint32 countsFrom);
    event DeviceExited(uint24 indexed device, uint64 exitAt);
    event BondClaimed(uint24 indexed device, uint256 amount);
    event BondBurned(uint24 indexed device, uint256 amount);
    event BondPerWeightChanged(uint128 amount);

    /// @notice Device, and how many there are.
    error NoDevice(uint24 device, uint24 count);
    /// @notice The caller is not the device's owner.
    error NotOwner(uint24 device, address caller, address owner);
    /// @notice All ids are used.
    error TooManyDevices(uint24 most);
    /// @notice A value that must not be 0 is.
    error ZeroValue(string name);
    /// @notice 3 to 255 bytes are allowed.
    error BadEndpoint(uint256 length);
    /// @notice Not printable ASCII, left-aligned, at most 31 characters.
    error BadName(string name, bytes32 value);
    /// @notice The owner asked for exit.
    error Exited(uint24 device, uint64 exitAt);
    /// @notice No exit was asked for, or the bond is claimed.
    error NothingToClaim(uint24 device);
    /// @notice The bond is free from `exitAt` on.
    error StillBonded(uint24 device, uint64 exitAt, uint256 time);
    /// @notice Only a device in STANDBY can go into service, only one IN_SERVICE out of it.
    error WrongPhase(uint24 device, Phase phase);

    modifier onlyOwnerOf(uint24 id) {
        address owner = _entry(id).owner;
        if (owner != msg.sender) revert NotOwner(id, msg.sender, owner);
        _;
    }

    /// @param amount wei of KAI that a unit of weight must be bonded with
    /// @param admin grants and revokes roles
    constructor(KaiToken token, Schedule memory s, uint128 amount, address admin)
        EpochClock(s)
        PauseGroups(admin)
    {
        TOKEN = token;
        _setBondPerWeight(amount);
    }

    /// @notice Registers a device of the caller in phase REGISTERING and takes its bond (an allowance is needed).
    /// @return id 0, 1, 2, …; never used again
    function register(Registration calldata r) external whenRunning(REGISTER) returns (uint24 id) {
        _validate(r);
        id = _count;
        if (id == MOST_DEVICES) revert TooManyDevices(MOST_DEVICES);
        _count = id + 1;
        Entry storage entry = _devices[id];
        entry.owner = msg.sender;
        entry.phase = Phase.REGISTERING;
        entry.key = r.key;
        entry.tlsPin = r.tlsPin;
        entry.deviceClass = r.deviceClass;
        entry.region = r.region;
        entry.downBitsPerSecond = r.downBitsPerSecond;
        entry.upBitsPerSecond = r.upBitsPerSecond;
        entry.endpoint = r.endpoint;
        _changeWeight(entry, r.weight);
        emit DeviceRegistered(id, msg.sender, r, countsFrom());
        _fillBond(entry);
    }

    /// @notice Tells where the device is reached now.
    function setEndpoint(uint24 id, string calldata endpoint, bytes32 tlsPin) external onlyOwnerOf(id) {
        _validateEndpoint(endpoint, tlsPin);
        Entry storage entry = _devices[id];
        entry.endpoint = endpoint;
        entry.tlsPin = tlsPin;
        emit EndpointChanged(id, endpoint, tlsPin);
    }

    /// @notice Claims another weight and takes what the bond then lacks. A surplus stays until the exit.
    function setWeight(uint24 id, uint32 weight) external onlyOwnerOf(id) {
        Entry storage entry = _devices[id];
        if (entry.exitAt != 0) revert Exited(id, entry.exitAt);
        if (weight == 0) revert ZeroValue("weight");
        _changeWeight(entry, weight);
        emit WeightChanged(id, weight, countsFrom());
        _fillBond(entry);
    }

    /// @notice Tells that a customer has the device, or has it no more. Counts at once.
    function setInService(uint24 id, bool inService) external onlyRole(RENTAL_ROLE) {
        Entry storage entry = _entry(id);
        if (entry.phase != (inService ? Phase.STANDBY : Phase.IN_SERVICE)) revert WrongPhase(id, entry.phase);
        uint32 now_ = block.timestamp < _genesis() ? 0 : currentEpoch();
        // An epoch with service in any part of it counts as one, so the end of a service counts from the next.
        (, uint32 last,) = entry.service.latestCheckpoint();
        uint32 key = inService || block.timestamp < _genesis() ? now_ : now_ + 1;
        entry.service.push(key < last ? last : key, inService ? 1 : 0);
        _setPhase(id, entry, inService ? Phase.IN_SERVICE : Phase.STANDBY, now_);
    }

    /// @notice Takes the device out: weight 0 from `countsFrom()` on, bond free after unbonding.
    function exit(uint24 id) external onlyOwnerOf(id) {
        Entry storage entry = _devices[id];
        if (entry.exitAt != 0) revert Exited(id, entry.exitAt);
        entry.exitAt = (block.timestamp + _unbondingSeconds()).toUint64();
        _changeWeight(entry, 0);
        emit WeightChanged(id, 0, countsFrom());
        emit DeviceExited(id, entry.exitAt);
    }

    /// @notice Gives the owner what is left of the bond after unbonding.
    function claimBond(uint24 id) external onlyOwnerOf(id) {
        Entry storage entry = _devices[id];
        if (entry.exitAt == 0 || entry.claimed) revert NothingToClaim(id);
        if (block.timestamp < entry.exitAt) revert StillBonded(id, entry.exitAt, block.timestamp);
        uint256 amount = entry.bond;
        entry.bond = 0;
        entry.claimed = true;
        emit BondClaimed(id, amount);
        TOKEN.transfer(msg.sender, amount);
    }

    /// @notice REGISTERING becomes STANDBY from `countsFrom()` on; any other phase stays.
    function promote(uint24 id) external onlyRole(SETTLEMENT_ROLE) {
        Entry storage entry = _entry(id);
        if (entry.phase != Phase.REGISTERING) return;
        _setPhase(id, entry, Phase.STANDBY, countsFrom());
        _checkpoint(entry);
    }

    /// @notice Burns up to `amount` of a device's bond; what is not there is not burned.
    function burnBond(uint24 id, uint256 amount) external onlyRole(SETTLEMENT_ROLE) returns (uint256 burned) {
        Entry storage entry = _entry(id);
        burned = amount < entry.bond ? amount : entry.bond;
        entry.bond -= uint128(burned);
        emit BondBurned(id, burned);
        TOKEN.burn(burned);
    }

    /// @notice Sets what registrations and changes of weight from now on must be bonded with, in wei a unit of weight.
    function setBondPerWeight(uint128 amount) external onlyRole(PARAMETER_ROLE) {
        _setBondPerWeight(amount);
    }

    /// @notice How many ids are used.
    function count() external view returns (uint24) {
        return _count;
    }

    /// @notice Wei of KAI that a unit of weight must be bonded with.
    function bondPerWeight() external view returns (uint128) {
        return _bondPerWeight;
    }

    /// @notice A device as it is now.
    function device(uint24 id) external view returns (Device memory) {
        return _device(_entry(id));
    }

    /// @notice Weight and phase as checkpointed for epoch `e`; the phase is REGISTERING or STANDBY, or NONE before
    /// the device's first epoch.
    function at(uint24 id, uint32 e) external view returns (uint32 weight, Phase phase) {
        return _at(_devices[id], e);
    }

    /// @notice The weight of all devices in epoch `e`.
    function totalWeightAt(uint32 e) public view returns (uint64) {
        return uint64(_totalWeight.upperLookupRecent(e));
    }

    /// @notice What settling device `id` for epoch `e` asks for, in one call.
    function dueAt(uint24 id, uint32 e)
        external
        view
        returns (address owner, uint32 weight, Phase phase, uint64 totalWeight)
    {
        Entry storage entry = _devices[id];
        (weight, phase) = _at(entry, e);
        return (entry.owner, weight, phase, totalWeightAt(e));
    }

    /// @notice Whether the device was in service during any part of epoch `e`.
    function wasInService(uint24 id, uint32 e) external view returns (bool) {
        return _devices[id].service.upperLookupRecent(e) == 1;
    }

    /// @notice The devices with weight in epoch `e` among the ids `first` … `first + most - 1`.
    /// @return ids ascending
    /// @return devices as they are now
    /// @return weights at `e`
    /// @return phases at `e`, but IN_SERVICE for those in service now
    function page(uint24 first, uint24 most, uint32 e)
        external
        view
        returns (uint24[] memory ids, Device[] memory devices, uint32[] memory weights, Phase[] memory phases)
    {
        uint256 end = uint256(first) + most;
        if (end > _count) end = _count;
        uint256 found = 0;
        for (uint256 id = first; id < end; ++id) {
            (uint32 weight,) = _at(_devices[uint24(id)], e);
            if (weight > 0) ++found;
        }
        ids = new uint24[](found);
        devices = new Device[](found);
        weights = new uint32[](found);
        phases = new Phase[](found);
        uint256 to = 0;
        for (uint256 id = first; to < found; ++id) {
            Entry storage entry = _devices[uint24(id)];
            (uint32 weight, Phase phase) = _at(entry, e);
            if (weight == 0) continue;
            ids[to] = uint24(id);
            devices[to] = _device(entry);
            weights[to] = weight;
            phases[to++] = entry.phase == Phase.IN_SERVICE ? Phase.IN_SERVICE : phase;
        }
    }

    function _changeWeight(Entry storage entry, uint32 weight) private {
        uint256 total = _totalWeight.latest() - entry.weight + weight;
        entry.weight = weight;
        _totalWeight.push(countsFrom(), uint224(total));
        _checkpoint(entry);
    }

    /// @dev Service is no checkpointed phase: it begins and ends at once.
    function _checkpoint(Entry storage entry) private {
        Phase phase = entry.phase == Phase.IN_SERVICE ? Phase.STANDBY : entry.phase;
        entry.terms.push(countsFrom(), uint224(entry.weight) | uint224(phase) << 32);
    }

    function _setPhase(uint24 id, Entry storage entry, Phase phase, uint32 from) private {
        entry.phase = phase;
        emit PhaseChanged(id, phase, from);
    }

    function _fillBond(Entry storage entry) private {
        uint256 wanted = uint256(entry.weight) * _bondPerWeight;
        uint256 held = entry.bond;
        if (wanted <= held) return;
        entry.bond = wanted.toUint128();
        TOKEN.transferFrom(msg.sender, address(this), wanted - held);
    }

    function _setBondPerWeight(uint128 amount) private {
        _bondPerWeight = amount;
        emit BondPerWeightChanged(amount);
    }

    function _entry(uint24 id) private view returns (Entry storage) {
        if (id >= _count) revert NoDevice(id, _count);
        return _devices[id];
    }

    function _at(Entry storage entry, uint32 e) private view returns (uint32 weight, Phase phase) {
        uint224 terms = entry.terms.upperLookupRecent(e);
        return (uint32(terms), Phase(uint8(terms >> 32)));
    }

    function _device(Entry storage entry) private view returns (Device memory) {
        return Device({
            owner: entry.owner,
            key: entry.key,
            tlsPin: entry.tlsPin,
            endpoint: entry.endpoint,
            deviceClass: entry.deviceClass,
            region: entry.region,
            downBitsPerSecond: entry.downBitsPerSecond,
            upBitsPerSecond: entry.upBitsPerSecond,
            weight: entry.weight,
            phase: entry.phase,
            bond: entry.bond,
            exitAt: entry.exitAt
        });
    }

    function _validate(Registration calldata r) private pure {
        if (r.key == address(0)) revert ZeroValue("key");
        if (r.weight == 0) revert ZeroValue("weight");
        if (r.downBitsPerSecond == 0) revert ZeroValue("downBitsPerSecond");
        if (r.upBitsPerSecond == 0) revert ZeroValue("upBitsPerSecond");
        if (r.deviceClass == 0) revert ZeroValue("deviceClass");
        _validateName("deviceClass", r.deviceClass);
        _validateName("region", r.region);
        _validateEndpoint(r.endpoint, r.tlsPin);
    }

    function _validateEndpoint(string calldata endpoint, bytes32 tlsPin) private pure {
        uint256 length = bytes(endpoint).length;
        if (length < LEAST_ENDPOINT || length > MOST_ENDPOINT) revert BadEndpoint(length);
        if (tlsPin == 0) revert ZeroValue("tlsPin");
    }

    /// @dev Printable ASCII, then zeros, the last byte always zero.
    function _validateName(string memory name, bytes32 value) private pure {
        bool ended = false;
        for (uint256 i = 0; i < 32; ++i) {
            uint8 character = uint8(value[i]);
            ended = ended || character == 0;
            bool printable = character > 0x20 && character < 0x7f && i < 31;
            if (ended ? character != 0 : !printable) revert BadName(name, value);
        }
    }
}
