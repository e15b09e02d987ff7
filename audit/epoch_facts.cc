#include "audit/epoch_facts.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

using chain::TopicOf;
using Progress = std::function<void(const std::string&)>;

constexpr std::uint32_t kReportsPerCall = 200;

/// The events of one kind, in order.
template <typename Event>
absl::StatusOr<std::vector<Event>> ReadEvents(
    chain::ChainClient& client, const chain::LogFilter& filter,
    absl::StatusOr<Event> (*parse)(const chain::LogEntry&)) {
  ASSIGN_OR_RETURN(const std::vector<chain::LogEntry> entries, client.Logs(filter));
  std::vector<Event> events;
  for (const chain::LogEntry& entry : entries) {
    ASSIGN_OR_RETURN(Event event, parse(entry));
    events.push_back(std::move(event));
  }
  return events;
}

/// The header that the chain has at a height. Where headers have fields that are not known here,
/// the endpoint's word stands for what they say.
absl::StatusOr<chain::HeaderFields> ReadHeader(chain::ChainClient& client, std::uint64_t number) {
  const absl::StatusOr<Bytes> rlp = client.Header(number);
  if (rlp.ok()) return chain::ParseHeader(*rlp);
  if (!absl::IsUnimplemented(rlp.status())) return rlp.status();
  ASSIGN_OR_RETURN(const chain::Block block, client.BlockAt(number));
  return chain::HeaderFields{block.hash, block.parent, block.number, block.timestamp_s};
}

/// Fills in one epoch's facts, a part at a time.
class Reader {
 public:
  Reader(chain::Contracts& contracts, std::uint32_t epoch, const Progress& progress)
      : contracts_(contracts), client_(contracts.client()), progress_(progress) {
    facts_.deployment = contracts.deployment();
    facts_.epoch = epoch;
  }

  absl::StatusOr<EpochFacts> Read() {
    RETURN_IF_ERROR(ReadTime());
    RETURN_IF_ERROR(ReadOpening());
    RETURN_IF_ERROR(ReadDevices());
    RETURN_IF_ERROR(ReadEmission());
    RETURN_IF_ERROR(ReadReports());
    RETURN_IF_ERROR(ReadSettled());
    RETURN_IF_ERROR(ReadTimes());
    return std::move(facts_);
  }

 private:
  chain::LogFilter Filter(const Address& contract, const Digest& event) const {
    chain::LogFilter filter;
    filter.address = contract;
    filter.topics = {event, TopicOf(facts_.epoch)};
    filter.from_block = facts_.deployment.block;
    filter.to_block = facts_.newest.number;
    return filter;
  }

  /// For what happens after the epoch only: a late opening may come after that too.
  chain::LogFilter FilterAfterOpening(const Address& contract, const Digest& event) const {
    chain::LogFilter filter = Filter(contract, event);
    const auto& opening = facts_.opening;
    if (opening.has_value() &&
        opening->timestamp_s < facts_.deployment.schedule.end(facts_.epoch)) {
      filter.from_block = std::max(filter.from_block, opening->block_number);
    }
    return filter;
  }

  absl::Status ReadTime() {
    ASSIGN_OR_RETURN(facts_.newest, client_.Latest());
    const std::uint64_t from = facts_.deployment.schedule.settle_begin(facts_.epoch);
    if (facts_.newest.timestamp_s >= from) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("epoch ", facts_.epoch, " can be settled from ", from,
                     " on, the newest block's time is ", facts_.newest.timestamp_s));
  }

  absl::Status ReadOpening() {
    progress_("reading the opening");
    const std::uint32_t epoch = facts_.epoch;
    ASSIGN_OR_RETURN(facts_.opening, contracts_.FindOpening(epoch));
    ASSIGN_OR_RETURN(
        facts_.late_requests,
        ReadEvents(client_, Filter(facts_.deployment.beacon, chain::LateRequestedTopic()),
                   chain::ParseLateRequested));
    if (!facts_.opening.has_value()) return absl::OkStatus();
    const std::uint64_t number = facts_.opening->block_number;
    ASSIGN_OR_RETURN(facts_.first_block, ReadHeader(client_, number));
    if (number == 0) return absl::OkStatus();
    ASSIGN_OR_RETURN(facts_.parent_block, ReadHeader(client_, number - 1));
    return absl::OkStatus();
  }

  absl::Status ReadDevices() {
    progress_("reading devices");
    const std::uint32_t epoch = facts_.epoch;
    ASSIGN_OR_RETURN(facts_.slots, contracts_.SlotCountAt(epoch));
    ASSIGN_OR_RETURN(facts_.total_weight, contracts_.TotalWeightAt(epoch));
    ASSIGN_OR_RETURN(facts_.devices, contracts_.DevicesOf(epoch));
    for (chain::DeviceState& device : facts_.devices) {
      // A page says that of a device which is rented now, whatever it was in the epoch.
      if (device.phase != chain::Phase::kInService) continue;
      ASSIGN_OR_RETURN(const chain::DeviceState then, contracts_.DeviceAt(device.id, epoch));
      device.phase = then.phase;
    }
    return absl::OkStatus();
  }

  absl::Status ReadEmission() {
    ASSIGN_OR_RETURN(facts_.emission, contracts_.EmissionOf(facts_.epoch));
    ASSIGN_OR_RETURN(facts_.funded,
                     ReadEvents(client_, Filter(facts_.deployment.emission, chain::FundedTopic()),
                                chain::ParseFunded));
    return absl::OkStatus();
  }

  absl::Status ReadReports() {
    progress_("reading reports");
    const Address& reports = facts_.deployment.reports;
    ASSIGN_OR_RETURN(facts_.committed,
                     ReadEvents(client_, FilterAfterOpening(reports, chain::CommittedTopic()),
                                chain::ParseCommitted));
    ASSIGN_OR_RETURN(facts_.revealed,
                     ReadEvents(client_, FilterAfterOpening(reports, chain::RevealedTopic()),
                                chain::ParseRevealed));
    while (facts_.reports.size() < facts_.slots) {
      std::vector<std::uint32_t> slots;
      for (auto slot = static_cast<std::uint32_t>(facts_.reports.size());
           slot < facts_.slots && slots.size() < kReportsPerCall; ++slot) {
        slots.push_back(slot);
      }
      ASSIGN_OR_RETURN(const std::vector<Digest> stored, contracts_.ReportsOf(facts_.epoch, slots));
      facts_.reports.insert(facts_.reports.end(), stored.begin(), stored.end());
    }
    return absl::OkStatus();
  }

  absl::Status ReadSettled() {
    progress_("reading payments");
    ASSIGN_OR_RETURN(
        facts_.settled,
        ReadEvents(client_, FilterAfterOpening(facts_.deployment.settlement, chain::SettledTopic()),
                   chain::ParseSettled));
    if (facts_.settled.empty()) return absl::OkStatus();
    chain::LogFilter burned;
    burned.address = facts_.deployment.devices;
    burned.topics = {chain::BondBurnedTopic()};
    burned.from_block = facts_.settled.front().block_number;
    burned.to_block = facts_.settled.back().block_number;
    ASSIGN_OR_RETURN(facts_.burned, ReadEvents(client_, burned, chain::ParseBondBurned));
    for (const chain::SettledEvent& event : facts_.settled) {
      if (event.median == 0) RETURN_IF_ERROR(ReadBond(event));
    }
    return absl::OkStatus();
  }

  absl::Status ReadBond(const chain::SettledEvent& event) {
    ASSIGN_OR_RETURN(const bool in_service, contracts_.WasInService(event.device, facts_.epoch));
    if (in_service) facts_.was_in_service.insert(event.device);
    const auto after = contracts_.Device(event.device, event.block_number);
    if (absl::IsOutOfRange(after.status())) return absl::OkStatus();
    RETURN_IF_ERROR(after.status());
    facts_.bond_after[event.device] = after->bond;
    return absl::OkStatus();
  }

  template <typename Event>
  absl::Status ReadTimesOf(const std::vector<Event>& events) {
    if (events.empty()) return absl::OkStatus();
    for (const std::uint64_t number : {events.front().block_number, events.back().block_number}) {
      if (facts_.block_times.count(number) > 0) continue;
      ASSIGN_OR_RETURN(const chain::Block block, client_.BlockAt(number));
      facts_.block_times[number] = block.timestamp_s;
    }
    return absl::OkStatus();
  }

  absl::Status ReadTimes() {
    progress_("reading times");
    RETURN_IF_ERROR(ReadTimesOf(facts_.late_requests));
    RETURN_IF_ERROR(ReadTimesOf(facts_.funded));
    RETURN_IF_ERROR(ReadTimesOf(facts_.committed));
    RETURN_IF_ERROR(ReadTimesOf(facts_.revealed));
    return ReadTimesOf(facts_.settled);
  }

  chain::Contracts& contracts_;
  chain::ChainClient& client_;
  const Progress& progress_;
  EpochFacts facts_;
};

}  // namespace

absl::StatusOr<EpochFacts> ReadEpochFacts(chain::Contracts& contracts, std::uint32_t epoch,
                                          const Progress& progress) {
  return Reader(contracts, epoch, progress).Read();
}

}  // namespace kaisar::audit
