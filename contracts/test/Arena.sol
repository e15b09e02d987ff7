// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {CheckerLicense} from "../src/CheckerLicense.sol";
import {Devices, Registration} from "../src/Devices.sol";
import {Emission} from "../src/Emission.sol";
import {IBeacon} from "../src/IBeacon.sol";
import {KaiToken} from "../src/KaiToken.sol";
import {Reports} from "../src/Reports.sol";
import {Schedule} from "../src/Schedule.sol";
import {Settlement} from "../src/Settlement.sol";
import {Slots} from "../src/Slots.sol";
import {vm} from "./Vm.sol";

/// @title A beacon whose value the test chooses
contract ChosenBeacon is IBeacon {
    mapping(uint32 e => bytes32) public beaconOf;
    mapping(uint32 e => uint64) public openedAt;

    function open(uint32 e, bytes32 value) external {
        beaconOf[e] = value;
        openedAt[e] = uint64(block.timestamp);
    }
}

struct Terms {
    Schedule schedule;
    uint256 initialSupply;
    uint128 stake;
    uint128 bondPerWeight;
    uint8 providerPercent;
    uint8 band;
}

/// @title All contracts, with the test as their administrator, and what every test does with them
abstract contract Arena {
    KaiToken internal token;
    CheckerLicense internal license;
    Emission internal emission;
    ChosenBeacon internal beacon;
    Devices internal devices;
    Slots internal slots;
    Reports internal reports;
    Settlement internal settlement;
    Schedule internal schedule;

    /// @dev A network of six-hour epochs.
    function _usualTerms() internal pure returns (Terms memory) {
        return Terms({
            schedule: Schedule(1_700_000_000, 21600, 1800, 1800, 28 days, 7 days, 14 days),
            initialSupply: 10 ** 26,
            stake: 10_000 ether,
            bondPerWeight: 1 ether,
            providerPercent: 80,
            band: 6
        });
    }

    /// @dev A thousand seconds before genesis.
    function _deploy(Terms memory terms) internal {
        schedule = terms.schedule;
        vm.warp(schedule.genesis - 1000);
        token = new KaiToken(address(this), address(this), terms.initialSupply);
        license = new CheckerLicense(address(this));
        emission = new Emission(token, schedule, terms.initialSupply);
        beacon = new ChosenBeacon();
        devices = new Devices(token, schedule, terms.bondPerWeight, address(this));
        slots = new Slots(token, license, schedule, terms.stake, address(this));
        reports = new Reports(slots, beacon, schedule, address(this));
        settlement = new Settlement(
            token,
            emission,
            beacon,
            devices,
            slots,
            reports,
            schedule,
            terms.providerPercent,
            terms.band,
            address(this)
        );
        token.grantRole(token.MINTER_ROLE(), address(settlement));
        license.grantRole(license.MINTER_ROLE(), address(this));
        slots.grantRole(slots.REPORTS_ROLE(), address(reports));
        slots.setSettlement(settlement);
        devices.grantRole(devices.SETTLEMENT_ROLE(), address(settlement));
        devices.grantRole(devices.SETTLEMENT_ROLE(), address(this));
        devices.grantRole(devices.RENTAL_ROLE(), address(this));
        slots.grantRole(slots.PAUSER_ROLE(), address(this));
        devices.grantRole(devices.PAUSER_ROLE(), address(this));
        reports.grantRole(reports.PAUSER_ROLE(), address(this));
        settlement.grantRole(settlement.PAUSER_ROLE(), address(this));
    }

    /// @dev The slot belongs to `owner`; it is active from the first epoch that can be had.
    function _addSlot(address owner, address hotKey, bytes32 anchor) internal returns (uint32) {
        uint256 id = license.mint(owner);
        token.transfer(owner, slots.stakeRequired());
        uint32 firstEpoch = slots.countsFrom();
        vm.startPrank(owner);
        license.approve(address(slots), id);
        token.approve(address(slots), type(uint256).max);
        uint32 slot = slots.register(id, hotKey, keccak256("tls"), anchor, firstEpoch);
        vm.stopPrank();
        return slot;
    }

    function _addDevice(address owner, uint32 weight) internal returns (uint24 device) {
        token.transfer(owner, uint256(weight) * devices.bondPerWeight());
        vm.startPrank(owner);
        token.approve(address(devices), type(uint256).max);
        device = devices.register(_registration(weight));
        vm.stopPrank();
    }

    function _addStandbyDevice(address owner, uint32 weight) internal returns (uint24 device) {
        device = _addDevice(owner, weight);
        devices.promote(device);
    }

    function _registration(uint32 weight) internal pure returns (Registration memory) {
        return Registration({
            key: address(0xD0),
            tlsPin: keccak256("tls"),
            endpoint: "device.example:7443",
            deviceClass: "gpu",
            region: "eu",
            weight: weight,
            downBitsPerSecond: 10 ** 9,
            upBitsPerSecond: 10 ** 9
        });
    }

    function _begin(uint256 e) internal view returns (uint256) {
        return schedule.genesis + e * schedule.epochSeconds;
    }

    function _commitBegin(uint256 e) internal view returns (uint256) {
        return _begin(e + 1);
    }

    function _revealBegin(uint256 e) internal view returns (uint256) {
        return _commitBegin(e) + schedule.commitSeconds;
    }

    function _settleBegin(uint256 e) internal view returns (uint256) {
        return _revealBegin(e) + schedule.revealSeconds;
    }

    function _settleEnd(uint256 e) internal view returns (uint256) {
        return _commitBegin(e) + schedule.settleSeconds;
    }

    function _disputeEnd(uint256 e) internal view returns (uint256) {
        return _settleBegin(e) + schedule.disputeSeconds;
    }

    /// @dev The EIP-712 signature of a Report, 65 bytes r || s || v.
    function _signReport(uint256 key, uint32 e, uint32 slot, bytes32 commitment) internal view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Kaisar Checker"),
                keccak256("1"),
                block.chainid,
                address(reports)
            )
        );
        bytes32 content = keccak256(
            abi.encode(
                keccak256("Report(uint32 epoch,uint32 slot,uint16 specVersion,bytes32 commitment)"),
                e,
                slot,
                uint16(1),
                commitment
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, content)));
        return abi.encodePacked(r, s, v);
    }
}
