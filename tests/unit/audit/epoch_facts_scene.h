#pragma once

#include <utility>
#include <vector>

#include "audit/epoch_settlement.h"
#include "audit/report.h"
#include "audit/report_tree.h"
#include "chain/committee.h"

namespace kaisar::audit::testing {

inline constexpr std::uint32_t kSceneEpoch = 3;

template <typename Array>
Array FilledWith(std::uint8_t byte) {
  Array filled;
  filled.fill(byte);
  return filled;
}

/// What an honest chain says of an epoch: three slots of which all show the same report, six
/// devices (ids 10, 20, … 60, the last one with score 0), all settled, by blocks 1000 (T_e) and
/// upwards.
class HonestEpoch {
 public:
  HonestEpoch() {
    chain::Schedule& schedule = facts.deployment.schedule;
    schedule = {1'000'000, 600, 60, 60, 6000, 1000, 2000};
    facts.deployment.provider_percent = 80;
    facts.deployment.band = 6;
    facts.epoch = kSceneEpoch;
    facts.slots = 3;
    facts.opening = {FilledWith<Digest>(0xbe), 1000, schedule.begin(kSceneEpoch) + 2};
    facts.first_block = {facts.opening->beacon, FilledWith<Digest>(0xaa), 1000,
                         facts.opening->timestamp_s};
    facts.parent_block = {FilledWith<Digest>(0xaa), Digest{}, 999, schedule.begin(kSceneEpoch) - 1};
    facts.block_times = {{900, schedule.begin(kSceneEpoch) - 100},
                         {1100, schedule.end(kSceneEpoch) + 1},
                         {1200, schedule.reveal_begin(kSceneEpoch)},
                         {1300, schedule.settle_begin(kSceneEpoch)}};
    for (std::uint32_t id = 10; id <= 60; id += 10) AddDevice(id);
    facts.emission = EmissionOf(facts.deployment, kSceneEpoch, 5);
    facts.funded.push_back({kSceneEpoch, Address{}, 5, 900});
    for (std::uint32_t slot = 0; slot < facts.slots; ++slot) AddReport(slot);
    for (const chain::DeviceState& device : facts.devices) AddPayment(device);
  }

  EpochFacts facts;

 private:
  void AddDevice(std::uint32_t id) {
    chain::DeviceState device;
    device.id = id;
    device.owner = FilledWith<Address>(static_cast<std::uint8_t>(id % 20));
    device.weight = id;
    device.phase = chain::Phase::kStandby;
    facts.devices.push_back(device);
    facts.total_weight += id;
    DeviceScore score;
    score.device = id;
    score.score = static_cast<std::uint8_t>(id == 60 ? 0 : 100 + id);
    scores_.push_back(score);
  }

  void AddReport(std::uint32_t slot) {
    Report report;
    report.words = PackScores(scores_);
    report.secret = FilledWith<Digest>(static_cast<std::uint8_t>(slot));
    facts.committed.push_back({kSceneEpoch, slot, ReportCommitment(report), 1100});
    chain::RevealedEvent event;
    event.epoch = kSceneEpoch;
    event.slot = slot;
    event.secret = report.secret;
    event.words = report.words;
    event.root = ReportTree::Make(report.words)->root();
    event.block_number = 1200;
    facts.reports.push_back(event.root);
    facts.revealed.push_back(event);
  }

  void AddPayment(const chain::DeviceState& device) {
    SettlementInput input;
    input.emission = facts.emission;
    input.weight = device.weight;
    input.total_weight = facts.total_weight;
    input.phase = device.phase;
    input.provider_percent = 80;
    input.band = 6;
    input.scores.assign(3, scores_[facts.settled.size()].score);
    const SettlementResult result = Settle(input);
    chain::SettledEvent event{kSceneEpoch,
                              device.id,
                              result.median,
                              result.present_mask,
                              result.agreed_mask,
                              result.provider_pay,
                              result.commission_each,
                              FilledWith<Digest>(0x51),
                              1300,
                              static_cast<std::uint32_t>(2 * facts.settled.size() + 1)};
    if (!result.bond_at_stake.is_zero()) {
      facts.burned.push_back(
          {device.id, result.bond_at_stake, event.transaction, 1300, event.index - 1});
      facts.bond_after[device.id] = 7;
    }
    facts.settled.push_back(event);
  }

  std::vector<DeviceScore> scores_;
};

}  // namespace kaisar::audit::testing
