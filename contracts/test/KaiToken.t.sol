// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {CheckerLicense} from "../src/CheckerLicense.sol";
import {KaiToken} from "../src/KaiToken.sol";
import {vm} from "./Vm.sol";

contract KaiTokenTest {
    uint256 private constant CAP = 10 ** 27;
    address private constant TREASURY = address(0x7EA);
    address private constant STRANGER = address(0x57A);

    KaiToken private token;
    CheckerLicense private license;

    function setUp() public {
        token = new KaiToken(address(this), TREASURY, 10 ** 26);
        license = new CheckerLicense(address(this));
    }

    function test_the_treasury_begins_with_the_initial_supply() public view {
        vm.assertEq(token.name(), "Kaisar");
        vm.assertEq(token.symbol(), "KAI");
        vm.assertEq(token.cap(), CAP);
        vm.assertEq(token.balanceOf(TREASURY), 10 ** 26);
        vm.assertEq(token.totalSupply(), 10 ** 26);
    }

    function test_only_the_minter_mints() public {
        bytes32 role = token.MINTER_ROLE();
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, address(this), role)
        );
        token.mint(STRANGER, 1);
        token.grantRole(role, address(this));
        token.mint(STRANGER, 1);
        vm.assertEq(token.balanceOf(STRANGER), 1);
    }

    function test_nothing_is_minted_beyond_the_cap() public {
        token.grantRole(token.MINTER_ROLE(), address(this));
        token.mint(STRANGER, CAP - 10 ** 26);
        vm.expectRevert(abi.encodeWithSelector(ERC20Capped.ERC20ExceededCap.selector, CAP + 1, CAP));
        token.mint(STRANGER, 1);
    }

    function test_licences_are_numbered_from_one() public {
        license.grantRole(license.MINTER_ROLE(), address(this));
        vm.assertEq(license.mint(STRANGER), 1);
        vm.assertEq(license.mint(TREASURY), 2);
        vm.assertEq(license.ownerOf(2), TREASURY);
        vm.assertEq(license.symbol(), "KCL");
    }

    function test_only_the_minter_mints_licences() public {
        bytes32 role = license.MINTER_ROLE();
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, STRANGER, role)
        );
        vm.prank(STRANGER);
        license.mint(STRANGER);
    }
}
