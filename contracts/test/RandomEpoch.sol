// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Schedule} from "../src/Schedule.sol";
import {Proof} from "../src/ReportTree.sol";

// A random epoch as contracts/reference/epoch_abi.mjs encodes it; what each field means is said in
// tests/vectors/settlement/README.md.

enum SlotState {
    ABSENT,
    EXITED,
    COMMITTED,
    REVEALED
}

enum Counted {
    YES,
    EXITED,
    LATE
}

enum Service {
    NONE,
    THROUGH,
    INSIDE,
    BEFORE,
    AFTER
}

enum Offence {
    MISSED,
    UNREVEALED
}

struct RandomSlot {
    SlotState state;
    uint32 anchorEpoch;
    bytes32 anchor;
    bytes32 commitment;
    bytes32 secret;
    bytes32 transcriptRoot;
    bytes32 policyHash;
    bytes32 root;
    bytes32[] words;
}

struct Expected {
    uint32[] committee;
    Proof[] proofs;
    uint8 median;
    uint8 presentMask;
    uint8 agreedMask;
    uint256 providerPay;
    uint256 commissionEach;
    uint256 bondBurned;
    bool promotes;
}

struct RandomDevice {
    uint8 owner;
    uint32 claimed;
    uint32 claimedLater;
    Counted counted;
    bool registering;
    Service service;
    uint32 weight;
    uint128 bond;
    Expected expected;
}

struct Account {
    uint128 owed;
    uint64 agreed;
    uint64 disagreed;
}

struct Penalty {
    uint32 slot;
    Offence kind;
    uint256 amount;
    uint256 toReporter;
}

struct RandomEpoch {
    uint256 number;
    Schedule schedule;
    uint256 initialSupply;
    uint8 providerPercent;
    uint8 band;
    uint128 stake;
    uint128 bondPerWeight;
    uint32 epoch;
    uint256 funded;
    bytes32 beacon;
    RandomSlot[] slots;
    RandomDevice[] devices;
    uint256 emission;
    uint64 totalWeight;
    uint256[] earned;
    Account[] accounts;
    Penalty[] penalties;
}
