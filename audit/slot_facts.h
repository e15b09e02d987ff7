#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chain/contracts.h"
#include "chain/events.h"
#include "challenges/policy.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::audit {

/// What the chain says of one slot's part in an epoch: all that a log and its report repeat.
struct SlotFacts {
  chain::Deployment deployment;
  chain::Block newest;                      // when it was read
  std::optional<chain::Opening> opening;    // null: the epoch was not opened; then nothing below
  std::optional<chain::Block> first_block;  // that the opening names; null: there is none
  /// False: the state of the opening's block is gone, and what follows is of the newest.
  bool of_opening = true;
  std::uint32_t slots = 0;                        // that committees are drawn from
  v1::Roster roster;                              // that the slot is to have; empty: no such slot
  v1::Slot own_newest;                            // pin and anchor may be mended during an epoch
  std::map<std::uint32_t, std::string> left_out;  // devices that nobody can be asked to check
  Digest stored{};  // the report as stored: zero, a commitment or a root
  std::vector<chain::CommittedEvent> committed;  // by this slot for this epoch
  std::vector<chain::RevealedEvent> revealed;
};

/// Reads them. `policy` says which devices can be asked.
///
/// Errors: those of Contracts and ChainClient.
/// Cost:   some 10 requests, one for 200 devices and one for each slot of a committee.
absl::StatusOr<SlotFacts> ReadSlotFacts(chain::Contracts& contracts, std::uint32_t epoch,
                                        std::uint32_t slot, const challenges::Policy& policy);

}  // namespace kaisar::audit
