#include "reporter/epoch_settler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chain/calls.h"
#include "chain/committee.h"
#include "chain/events.h"
#include "reporter/block_search.h"
#include "reporter/next_step.h"

namespace kaisar::reporter {
namespace {

constexpr std::uint32_t kMostRefusals = 2;  // the second one after everything was read anew

std::optional<std::size_t> PlaceIn(const std::vector<std::uint32_t>& committee,
                                   std::uint32_t slot) {
  const auto found = std::find(committee.begin(), committee.end(), slot);
  if (found == committee.end()) return std::nullopt;
  return static_cast<std::size_t>(found - committee.begin());
}

/// The later members' turns: long enough for the earlier ones, all of them soon enough for people.
std::uint64_t TurnSeconds(const chain::Schedule& schedule, std::uint64_t block_ms) {
  return std::max<std::uint64_t>(4 * block_ms / 1000 + 1, schedule.epoch_seconds / 48);
}

}  // namespace

EpochSettler::EpochSettler(chain::Contracts& contracts, std::uint32_t epoch, std::uint32_t slot,
                           std::uint32_t batch, std::uint32_t confirmations)
    : contracts_(contracts),
      epoch_(epoch),
      slot_(slot),
      batch_(std::max(batch, 1u)),
      confirmations_(confirmations),
      most_(batch_) {}

absl::Status EpochSettler::Load(const chain::Block& latest) {
  const chain::Schedule& schedule = contracts_.deployment().schedule;
  duties_.clear();
  trees_.clear();
  ASSIGN_OR_RETURN(const std::optional<chain::Opening> opening, contracts_.FindOpening(epoch_));
  std::set<std::uint32_t> members;
  if (opening.has_value()) {  // otherwise there are no committees and nothing to settle
    ASSIGN_OR_RETURN(const std::uint32_t slots, contracts_.SlotCountAt(epoch_));
    ASSIGN_OR_RETURN(const std::vector<chain::DeviceState> devices, contracts_.DevicesOf(epoch_));
    for (const chain::DeviceState& device : devices) {
      Duty duty{device.id, chain::Committee(opening->beacon, device.id, slots)};
      const std::optional<std::size_t> place = PlaceIn(duty.committee, slot_);
      if (!place.has_value()) continue;
      members.insert(duty.committee.begin(), duty.committee.end());
      duties_[static_cast<std::uint32_t>(*place)].push_back(std::move(duty));
    }
  }
  ASSIGN_OR_RETURN(const chain::Block first,
                   FirstBlockSince(contracts_.client(), schedule.settle_begin(epoch_),
                                   contracts_.deployment().block, latest));
  settle_block_ = first.number;
  if (!members.empty()) RETURN_IF_ERROR(LoadReports(members, latest));
  loaded_ = true;
  return absl::OkStatus();
}

absl::Status EpochSettler::LoadReports(const std::set<std::uint32_t>& members,
                                       const chain::Block& latest) {
  const std::vector<std::uint32_t> slots(members.begin(), members.end());
  ASSIGN_OR_RETURN(const std::vector<Digest> reports, contracts_.ReportsOf(epoch_, slots));
  if (reports.size() != slots.size()) {
    return absl::UnavailableError(
        absl::StrCat("asked for ", slots.size(), " reports, got ", reports.size()));
  }
  ASSIGN_OR_RETURN(auto trees, FindTrees(latest));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!IsRoot(reports[i])) continue;  // absent
    const auto tree = trees.find(slots[i]);
    if (tree == trees.end() || tree->second.root() != reports[i]) {
      return absl::UnavailableError(absl::StrCat("the report of slot ", slots[i], " for epoch ",
                                                 epoch_, " is on the chain, but its words are in ",
                                                 "no event"));
    }
    trees_.emplace(slots[i], std::move(tree->second));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::uint32_t, audit::ReportTree>> EpochSettler::FindTrees(
    const chain::Block& latest) {
  const chain::Deployment& deployment = contracts_.deployment();
  chain::ChainClient& client = contracts_.client();
  ASSIGN_OR_RETURN(
      const chain::Block first,
      FirstBlockSince(client, deployment.schedule.reveal_begin(epoch_), deployment.block, latest));
  chain::LogFilter filter;
  filter.address = deployment.reports;
  filter.topics = {chain::RevealedTopic(), chain::TopicOf(epoch_)};
  filter.from_block = first.number;
  filter.to_block = settle_block_;
  ASSIGN_OR_RETURN(const std::vector<chain::LogEntry> logs, client.Logs(filter));
  std::map<std::uint32_t, audit::ReportTree> trees;
  for (const chain::LogEntry& log : logs) {
    absl::StatusOr<chain::RevealedEvent> event = chain::ParseRevealed(log);
    if (!event.ok()) return absl::UnavailableError(event.status().message());
    absl::StatusOr<audit::ReportTree> tree = audit::ReportTree::Make(std::move(event->words));
    if (!tree.ok()) return absl::UnavailableError(tree.status().message());
    trees.insert_or_assign(event->slot, *std::move(tree));
  }
  return trees;
}

absl::Status EpochSettler::Update(const chain::Block& latest) {
  if (loaded_ && seen_block_ == latest.number) return absl::OkStatus();
  if (!loaded_) RETURN_IF_ERROR(Load(latest));
  if (!duties_.empty()) {
    chain::LogFilter filter;
    filter.address = contracts_.deployment().settlement;
    filter.topics = {chain::SettledTopic(), chain::TopicOf(epoch_)};
    // A reorganisation may have moved the window's first block, too.
    filter.from_block = settle_block_ - std::min<std::uint64_t>(settle_block_, 64);
    filter.to_block = latest.number;
    ASSIGN_OR_RETURN(const std::vector<chain::LogEntry> logs, contracts_.client().Logs(filter));
    settled_.clear();  // a reorganisation may have taken some back
    for (const chain::LogEntry& log : logs) {
      const absl::StatusOr<chain::SettledEvent> event = chain::ParseSettled(log);
      if (!event.ok()) return absl::UnavailableError(event.status().message());
      settled_[event->device] = log.block_number;
    }
  }
  seen_block_ = latest.number;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Intent>> EpochSettler::Next(const chain::Block& latest,
                                                         std::uint64_t block_ms) {
  const chain::Deployment& deployment = contracts_.deployment();
  std::vector<chain::SettleItem> items;
  last_.clear();
  for (const auto& [place, duties] : duties_) {
    const std::uint64_t turn_s = deployment.schedule.settle_begin(epoch_) +
                                 place * TurnSeconds(deployment.schedule, block_ms);
    if (latest.timestamp_s < turn_s) break;
    for (const Duty& duty : duties) {
      if (items.size() == most_) break;
      if (settled_.count(duty.device) != 0 || stuck_.count(duty.device) != 0) continue;
      chain::SettleItem item{duty.device, {}};
      for (const std::uint32_t member : duty.committee) {
        const auto tree = trees_.find(member);
        if (tree == trees_.end()) {
          item.proofs.emplace_back();
          continue;
        }
        audit::ReportProof proof = tree->second.Prove(duty.device);
        item.proofs.push_back({proof.word, proof.index, proof.next, std::move(proof.path)});
      }
      last_.push_back(duty.device);
      items.push_back(std::move(item));
    }
  }
  if (items.empty()) return std::optional<Intent>();
  return std::optional<Intent>(Intent{Purpose::kSettle, epoch_, deployment.settlement,
                                      chain::SettleBatchCall(epoch_, items),
                                      deployment.schedule.settle_end(epoch_)});
}

void EpochSettler::Refused(const absl::Status& why) {
  if (last_.size() > 1) {
    most_ = last_.size() / 2;
    return;
  }
  if (last_.empty()) return;
  if (++refusals_[last_.front()] >= kMostRefusals) {
    stuck_[last_.front()] = std::string(why.message());
    most_ = batch_;
  } else {
    loaded_ = false;  // a reorganisation may have changed what the proofs are made of
  }
}

void EpochSettler::Accepted() {
  most_ = std::min<std::size_t>(2 * most_, batch_);
}

bool EpochSettler::done() const {
  if (!loaded_) return false;
  for (const auto& [place, duties] : duties_) {
    for (const Duty& duty : duties) {
      if (stuck_.count(duty.device) != 0) continue;
      const auto settled = settled_.find(duty.device);
      if (settled == settled_.end() || settled->second + confirmations_ > seen_block_) return false;
    }
  }
  return true;
}

std::string EpochSettler::Stuck() const {
  std::string text;
  for (const auto& [device, why] : stuck_) {
    if (text.size() > 200) return absl::StrCat(text, " …");
    absl::StrAppend(&text, text.empty() ? "" : "; ", "device ", device,
                    " cannot be settled: ", why);
  }
  return text;
}

}  // namespace kaisar::reporter
