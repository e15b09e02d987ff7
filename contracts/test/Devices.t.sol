// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Device, Devices, Phase, Registration} from "../src/Devices.sol";
import {PauseGroups} from "../src/PauseGroups.sol";
import {Arena} from "./Arena.sol";
import {vm} from "./Vm.sol";

contract DevicesTest is Arena {
    address private constant OWNER = address(0xF00D);

    function setUp() public {
        _deploy(_usualTerms());
    }

    function test_a_registration_before_genesis_counts_from_epoch_0() public {
        uint24 id = _addDevice(OWNER, 1000);
        vm.assertEq(id, 0);
        Device memory d = devices.device(0);
        vm.assertEq(d.owner, OWNER);
        vm.assertEq(d.endpoint, "device.example:7443");
        vm.assertEq(d.weight, 1000);
        vm.assertEq(d.bond, 1000 ether);
        vm.assertTrue(d.phase == Phase.REGISTERING, "phase");
        (uint32 weight, Phase phase) = devices.at(0, 0);
        vm.assertEq(weight, 1000);
        vm.assertTrue(phase == Phase.REGISTERING, "phase at 0");
        vm.assertEq(devices.totalWeightAt(0), 1000);
        vm.assertEq(token.balanceOf(address(devices)), 1000 ether);
    }

    function test_weight_registered_later_counts_from_the_epoch_after_the_next() public {
        _addDevice(OWNER, 1000);
        vm.warp(_begin(4));
        uint24 id = _addDevice(OWNER, 500);
        (uint32 weight, Phase phase) = devices.at(id, 5);
        vm.assertEq(weight, 0);
        vm.assertTrue(phase == Phase.NONE, "no phase yet");
        (weight,) = devices.at(id, 6);
        vm.assertEq(weight, 500);
        vm.assertEq(devices.totalWeightAt(5), 1000);
        vm.assertEq(devices.totalWeightAt(6), 1500);
    }

    function test_more_weight_takes_more_bond_and_less_weight_keeps_it() public {
        _addDevice(OWNER, 1000);
        token.transfer(OWNER, 500 ether);
        vm.warp(_begin(0));
        vm.prank(OWNER);
        devices.setWeight(0, 1500);
        vm.assertEq(devices.device(0).bond, 1500 ether);
        vm.prank(OWNER);
        devices.setWeight(0, 100);
        vm.assertEq(devices.device(0).bond, 1500 ether);
        (uint32 weight,) = devices.at(0, 1);
        vm.assertEq(weight, 1000);
        (weight,) = devices.at(0, 2);
        vm.assertEq(weight, 100);
        vm.assertEq(devices.totalWeightAt(2), 100);
    }

    function test_an_exit_ends_the_weight_and_frees_the_bond_after_unbonding() public {
        _addDevice(OWNER, 1000);
        vm.warp(_begin(3));
        vm.prank(OWNER);
        devices.exit(0);
        uint64 exitAt = uint64(_begin(3) + 14 days);
        vm.assertEq(devices.device(0).exitAt, exitAt);
        (uint32 weight,) = devices.at(0, 4);
        vm.assertEq(weight, 1000);
        (weight,) = devices.at(0, 5);
        vm.assertEq(weight, 0);
        vm.expectRevert(abi.encodeWithSelector(Devices.Exited.selector, 0, exitAt));
        vm.prank(OWNER);
        devices.setWeight(0, 10);
        vm.warp(exitAt - 1);
        vm.expectRevert(abi.encodeWithSelector(Devices.StillBonded.selector, 0, exitAt, exitAt - 1));
        vm.prank(OWNER);
        devices.claimBond(0);
        vm.warp(exitAt);
        vm.prank(OWNER);
        devices.claimBond(0);
        vm.assertEq(token.balanceOf(OWNER), 1000 ether);
        vm.expectRevert(abi.encodeWithSelector(Devices.NothingToClaim.selector, 0));
        vm.prank(OWNER);
        devices.claimBond(0);
    }

    function test_a_burn_never_takes_more_than_the_bond() public {
        _addDevice(OWNER, 1000);
        uint256 supply = token.totalSupply();
        vm.assertEq(devices.burnBond(0, 600 ether), 600 ether);
        vm.assertEq(devices.burnBond(0, 600 ether), 400 ether);
        vm.assertEq(devices.burnBond(0, 600 ether), 0);
        vm.assertEq(supply - token.totalSupply(), 1000 ether);
    }

    function test_service_counts_in_every_epoch_that_it_touches() public {
        _addStandbyDevice(OWNER, 1000);
        vm.warp(_begin(2) + 5);
        devices.setInService(0, true);
        vm.assertTrue(devices.device(0).phase == Phase.IN_SERVICE, "at once");
        vm.warp(_begin(4) + 5);
        devices.setInService(0, false);
        devices.setInService(0, true); // again in the same epoch
        devices.setInService(0, false);
        vm.warp(_begin(5));
        bool[6] memory expected = [false, false, true, true, true, false];
        for (uint32 e = 0; e < 6; ++e) {
            vm.assertEq(devices.wasInService(0, e), expected[e]);
        }
        (, Phase phase) = devices.at(0, 3);
        vm.assertTrue(phase == Phase.STANDBY, "checkpointed phase");
    }

    function test_only_a_device_in_standby_goes_into_service() public {
        _addDevice(OWNER, 1000);
        vm.expectRevert(abi.encodeWithSelector(Devices.WrongPhase.selector, 0, Phase.REGISTERING));
        devices.setInService(0, true);
        devices.promote(0);
        devices.promote(0); // once more changes nothing
        vm.expectRevert(abi.encodeWithSelector(Devices.WrongPhase.selector, 0, Phase.STANDBY));
        devices.setInService(0, false);
    }

    function test_a_page_holds_the_devices_with_weight() public {
        for (uint32 i = 0; i < 5; ++i) {
            _addStandbyDevice(OWNER, 100 + i);
        }
        vm.warp(_begin(0));
        vm.prank(OWNER);
        devices.exit(1);
        devices.setInService(3, true);
        (uint24[] memory ids, Device[] memory found, uint32[] memory weights, Phase[] memory phases) =
            devices.page(1, 3, 2);
        vm.assertEq(ids.length, 2);
        vm.assertEq(ids[0], 2);
        vm.assertEq(ids[1], 3);
        vm.assertEq(weights[1], 103);
        vm.assertEq(found[1].owner, OWNER);
        vm.assertTrue(phases[0] == Phase.STANDBY && phases[1] == Phase.IN_SERVICE, "phases");
        (ids,,,) = devices.page(4, type(uint24).max, 2);
        vm.assertEq(ids.length, 1);
        (ids,,,) = devices.page(9, 1, 2);
        vm.assertEq(ids.length, 0);
    }

    function test_a_bad_registration_is_refused_by_name() public {
        Registration memory r = _registration(0);
        vm.expectRevert(abi.encodeWithSelector(Devices.ZeroValue.selector, "weight"));
        devices.register(r);
        r = _registration(1);
        r.key = address(0);
        vm.expectRevert(abi.encodeWithSelector(Devices.ZeroValue.selector, "key"));
        devices.register(r);
        r = _registration(1);
        r.endpoint = "a:";
        vm.expectRevert(abi.encodeWithSelector(Devices.BadEndpoint.selector, 2));
        devices.register(r);
        r = _registration(1);
        r.deviceClass = bytes32("\x00gpu");
        vm.expectRevert(abi.encodeWithSelector(Devices.BadName.selector, "deviceClass", r.deviceClass));
        devices.register(r);
        r = _registration(1);
        r.region = bytes32(type(uint256).max / 0xff * 0x41); // 32 characters
        vm.expectRevert(abi.encodeWithSelector(Devices.BadName.selector, "region", r.region));
        devices.register(r);
    }

    function test_strangers_change_nothing() public {
        _addDevice(OWNER, 1000);
        bytes memory refusal = abi.encodeWithSelector(Devices.NotOwner.selector, 0, address(this), OWNER);
        vm.expectRevert(refusal);
        devices.setWeight(0, 1);
        vm.expectRevert(refusal);
        devices.setEndpoint(0, "a.example:1", keccak256("pin"));
        vm.expectRevert(refusal);
        devices.exit(0);
        vm.expectRevert(refusal);
        devices.claimBond(0);
        refusal = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, OWNER, devices.RENTAL_ROLE()
        );
        vm.prank(OWNER);
        vm.expectRevert(refusal);
        devices.setInService(0, true);
        vm.expectRevert(abi.encodeWithSelector(Devices.NoDevice.selector, 1, 1));
        devices.device(1);
    }

    function test_a_pause_stops_registrations() public {
        devices.pause(devices.REGISTER());
        vm.expectRevert(abi.encodeWithSelector(PauseGroups.GroupPaused.selector, 0));
        devices.register(_registration(1));
        vm.expectRevert(abi.encodeWithSelector(PauseGroups.AlreadySwitched.selector, 0, true));
        devices.pause(0);
        devices.unpause(0);
        token.approve(address(devices), 1 ether);
        devices.register(_registration(1));
    }

    function test_the_bond_per_weight_is_for_later_registrations() public {
        _addDevice(OWNER, 1000);
        devices.grantRole(devices.PARAMETER_ROLE(), address(this));
        devices.setBondPerWeight(2 ether);
        vm.assertEq(devices.device(0).bond, 1000 ether);
        _addDevice(OWNER, 1000);
        vm.assertEq(devices.device(1).bond, 2000 ether);
    }
}
