#include "audit/slot_facts.h"

#include <algorithm>
#include <utility>

#include "audit/chain_roster.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

using chain::TopicOf;
using At = chain::Contracts::At;

absl::Status ReadRoster(chain::Contracts& contracts, std::uint32_t epoch, std::uint32_t slot,
                        const challenges::Policy& policy, At at, SlotFacts& facts) {
  ASSIGN_OR_RETURN(const std::vector<chain::SlotState> slots, contracts.Slots(at));
  if (slot >= slots.size()) return absl::OkStatus();  // no such slot: nobody's roster
  ASSIGN_OR_RETURN(facts.slots, contracts.SlotCountAt(epoch, at));
  ASSIGN_OR_RETURN(const std::vector<chain::DeviceState> devices, contracts.DevicesOf(epoch, at));
  CommitteeDevices found =
      FindCommitteeDevices(devices, facts.opening->beacon, facts.slots, slot, policy);
  facts.roster.Clear();
  facts.roster.set_chain_id(facts.deployment.chain_id);
  facts.roster.set_contract(ToString(facts.deployment.reports));
  for (v1::Device& device : found.devices) *facts.roster.add_devices() = std::move(device);
  facts.left_out = std::move(found.left_out);
  for (const std::uint32_t id : found.members) {
    if (id >= slots.size()) continue;
    ASSIGN_OR_RETURN(const Address hot_key, contracts.HotKeyAt(id, epoch, at));
    if (hot_key == Address{} && id != slot) continue;  // not active
    *facts.roster.add_slots() = RosterSlot(id, slots[id], hot_key);
  }
  ASSIGN_OR_RETURN(const chain::SlotState newest, contracts.Slot(slot));
  facts.own_newest = RosterSlot(slot, newest, newest.hot_key);
  return absl::OkStatus();
}

template <typename Event>
absl::Status ReadEvents(chain::ChainClient& client, const SlotFacts& facts, std::uint32_t epoch,
                        std::uint32_t slot, const Digest& topic,
                        absl::StatusOr<Event> (*parse)(const chain::LogEntry&),
                        std::vector<Event>& events) {
  chain::LogFilter filter;
  filter.address = facts.deployment.reports;
  filter.topics = {topic, TopicOf(epoch), TopicOf(slot)};
  filter.from_block = std::max(facts.deployment.block, facts.opening->block_number);
  filter.to_block = facts.newest.number;
  ASSIGN_OR_RETURN(const std::vector<chain::LogEntry> entries, client.Logs(filter));
  for (const chain::LogEntry& entry : entries) {
    ASSIGN_OR_RETURN(Event event, parse(entry));
    events.push_back(std::move(event));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SlotFacts> ReadSlotFacts(chain::Contracts& contracts, std::uint32_t epoch,
                                        std::uint32_t slot, const challenges::Policy& policy) {
  chain::ChainClient& client = contracts.client();
  SlotFacts facts;
  facts.deployment = contracts.deployment();
  ASSIGN_OR_RETURN(facts.newest, client.Latest());
  ASSIGN_OR_RETURN(facts.opening, contracts.FindOpening(epoch));
  if (!facts.opening.has_value()) return facts;
  const std::uint64_t number = facts.opening->block_number;
  const absl::StatusOr<chain::Block> block = client.BlockAt(number);
  if (block.ok()) {
    facts.first_block = *block;
  } else if (!absl::IsNotFound(block.status())) {
    return block.status();
  }
  absl::Status read = ReadRoster(contracts, epoch, slot, policy, number, facts);
  if (absl::IsOutOfRange(read)) {
    facts.of_opening = false;
    read = ReadRoster(contracts, epoch, slot, policy, std::nullopt, facts);
  }
  RETURN_IF_ERROR(read);
  ASSIGN_OR_RETURN(const std::vector<Digest> stored, contracts.ReportsOf(epoch, {slot}));
  if (stored.size() == 1) facts.stored = stored.front();
  RETURN_IF_ERROR(ReadEvents(client, facts, epoch, slot, chain::CommittedTopic(),
                             chain::ParseCommitted, facts.committed));
  RETURN_IF_ERROR(ReadEvents(client, facts, epoch, slot, chain::RevealedTopic(),
                             chain::ParseRevealed, facts.revealed));
  return facts;
}

}  // namespace kaisar::audit
