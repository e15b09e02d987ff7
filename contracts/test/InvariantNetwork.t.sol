// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Actors} from "./Actors.sol";
import {vm} from "./Vm.sol";

/// @title Invariants 1, 2, 3, 4 and 7 under everything that the participants do in any order
/// @dev 3 (where reports go) is checked after each action, 2 (once) and 7 (a hidden report does not block) whenever a
/// device is settled. 5 belongs to the signature store, 6 and the independence of order to FuzzMedian, 8 to
/// FuzzEmission.
contract InvariantNetworkTest {
    Actors private actors;

    function setUp() external {
        actors = new Actors();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actors);
    }

    function invariant_payments_holdings_and_slashes_stay_within_their_limits() external view {
        actors.checkEpochs();
        actors.checkSupply();
        actors.checkHoldings();
        actors.checkSlashCap();
    }

    /// @notice The invariants are not true for want of events.
    function test_the_actors_show_settle_hide_slash_eject_and_claim() external {
        for (uint256 i = 0; i < 1500; ++i) {
            _act(uint256(keccak256(abi.encode(i))));
        }
        actors.checkEpochs();
        actors.checkSupply();
        actors.checkHoldings();
        actors.checkSlashCap();
        uint256[6] memory counts = actors.counts();
        uint256[6] memory least = [uint256(80), 200, 50, 20, 2, 2];
        for (uint256 i = 0; i < 6; ++i) {
            vm.assertGe(counts[i], least[i], string.concat("too few of kind ", vm.toString(i)));
        }
    }

    function _act(uint256 seed) private {
        uint256 kind = seed % 24;
        seed >>= 8;
        if (kind < 2) return actors.passTime(seed);
        if (kind < 9) return actors.commit(seed, seed % 2 == 0);
        if (kind < 14) return actors.reveal(seed);
        if (kind < 17) return actors.settle(seed, address(uint160(seed)));
        if (kind == 17) return actors.punish(seed);
        if (kind == 18) return actors.equivocate(seed);
        if (kind == 19) return seed % 2 == 0 ? actors.join(seed >> 8) : actors.leave(seed >> 8);
        if (kind == 20) return seed % 2 == 0 ? actors.rotate(seed >> 8) : actors.burnSlashed();
        if (kind == 21) return actors.changeDevice(seed, uint32(seed >> 200));
        if (kind == 22) return seed % 2 == 0 ? actors.fund(seed >> 8, seed >> 16) : actors.pause(seed >> 8);
        actors.withdraw(seed);
    }
}
