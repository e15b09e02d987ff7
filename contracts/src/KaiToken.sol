// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

/// @title KAI, the network's token
contract KaiToken is ERC20Capped, ERC20Burnable, AccessControl {
    /// @notice May mint: the Settlement contract alone.
    bytes32 public constant MINTER_ROLE = keccak256("MINTER_ROLE");

    /// @param admin grants and revokes roles
    /// @param treasury receives the initial supply
    /// @param initial wei
    constructor(address admin, address treasury, uint256 initial) ERC20("Kaisar", "KAI") ERC20Capped(10 ** 27) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _mint(treasury, initial);
    }

    /// @notice Mints `amount` wei to `to`; reverts beyond the cap.
    function mint(address to, uint256 amount) external onlyRole(MINTER_ROLE) {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Capped) {
        super._update(from, to, value);
    }
}
