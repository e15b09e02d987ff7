#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chain/contracts.h"
#include "chain/events.h"
#include "chain/header.h"

namespace kaisar::audit {

/// What the chain says of one epoch. Nothing here is computed by us, and nothing is trusted yet.
struct EpochFacts {
  chain::Deployment deployment;
  std::uint32_t epoch = 0;
  chain::Block newest;  // when it was read

  std::optional<chain::Opening> opening;           // null: the epoch was not opened
  std::optional<chain::HeaderFields> first_block;  // that the opening names; null without opening
  std::optional<chain::HeaderFields> parent_block;
  std::vector<chain::LateRequestedEvent> late_requests;

  std::uint32_t slots = 0;                  // N_e
  std::vector<chain::DeviceState> devices;  // with weight in the epoch; phase as checkpointed
  std::uint64_t total_weight = 0;           // W_e as the contract has it
  Uint256 emission;                         // as the contract computes it, wei
  std::vector<chain::FundedEvent> funded;

  std::vector<Digest> reports;  // as stored, by slot id below `slots`
  std::vector<chain::CommittedEvent> committed;
  std::vector<chain::RevealedEvent> revealed;
  std::vector<chain::SettledEvent> settled;
  std::vector<chain::BondBurnedEvent> burned;  // in the blocks of `settled`
  /// Those that settled with median 0 though they were in service during the epoch.
  std::set<std::uint32_t> was_in_service;
  /// Bonds of those that settled with median 0, after the block in which they did; missing where
  /// the endpoint no longer has that state.
  std::map<std::uint32_t, Uint256> bond_after;
  /// Timestamps by block number: of the first and the last block of each kind of event.
  std::map<std::uint64_t, std::uint64_t> block_times;
};

/// Reads all that is needed to settle an epoch again.
///
/// Errors: FailedPrecondition when its reveal window is not over on the chain; those of Contracts
///         and ChainClient.
/// Cost:   one request for 200 devices, and one for a device in service or with median 0;
/// `progress`
///         is told what is being read.
absl::StatusOr<EpochFacts> ReadEpochFacts(
    chain::Contracts& contracts, std::uint32_t epoch,
    const std::function<void(const std::string&)>& progress = [](const std::string&) {});

}  // namespace kaisar::audit
