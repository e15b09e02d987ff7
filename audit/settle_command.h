#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "audit/epoch_settlement.h"
#include "chain/chain_access.h"
#include "chain/chain_client.h"

namespace kaisar::audit {

/// What an epoch paid, for people: devices with the scores of their committees, who earned what,
/// the differences, one last line. With `only`, that device alone and how its payments are made up.
void PrintSettlement(const EpochSettlement& epoch, std::optional<std::uint32_t> only,
                     std::ostream& out);

/// The same for programs, as one JSON object: wei as decimal strings, hex with 0x, a `median` of
/// null without quorum, a `score` of null for an absent member.
///   {agrees, epoch, opening: null | {beacon, block, timestamp, late}, emission, funded,
///    total_weight, to_providers, to_slots, unsettled,
///    devices: [{device, owner, weight, phase, committee: [{slot, revealed, score, agreed}],
///    median,
///               provider_pay, commission_each, bond_at_stake, bond_burned, promotes, settled,
///               transaction, agrees}],
///    slots: [{slot, report, root, agreed, disagreed, earned}], providers: [{owner, earned}],
///    differences: [{where, what, chain, ours}]}
std::string SettlementToJson(const EpochSettlement& epoch, std::optional<std::uint32_t> only);

struct SettleOptions {
  chain::ChainSource chain;
  std::uint32_t epoch = 0;
  std::optional<std::uint32_t> device;  // null: all
  bool json = false;
};

/// Settles an epoch again from what a chain says, and prints what came out.
///
/// Result: the exit status: 0 the chain has what we compute, 1 it has something else, 2 it cannot
/// be
///         read, or the asked device has no weight in the epoch.
int RunSettle(const SettleOptions& options, const chain::Deployment& deployment,
              chain::ChainClient& client, std::ostream& out, std::ostream& errors);

/// `kaisar-audit settle`: the same, with the chain that the options name.
int RunSettle(const SettleOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace kaisar::audit
