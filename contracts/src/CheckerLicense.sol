// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @title The right to hold one checker slot
contract CheckerLicense is ERC721, AccessControl {
    /// @notice May mint.
    bytes32 public constant MINTER_ROLE = keccak256("MINTER_ROLE");

    uint256 private _last;

    /// @param admin grants and revokes roles
    constructor(address admin) ERC721("Kaisar Checker License", "KCL") {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    /// @notice Mints the next licence to `to`. Numbers run 1, 2, 3, …
    function mint(address to) external onlyRole(MINTER_ROLE) returns (uint256 license) {
        license = ++_last;
        _mint(to, license);
    }

    /// @inheritdoc ERC721
    function supportsInterface(bytes4 interfaceId) public view override(ERC721, AccessControl) returns (bool) {
        return super.supportsInterface(interfaceId);
    }
}
