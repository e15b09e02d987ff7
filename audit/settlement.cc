#include "audit/settlement.h"

#include <algorithm>

#include "base/check.h"
#include "chain/committee.h"

namespace kaisar::audit {
namespace {

constexpr std::uint64_t kUnitSeconds = 12;
constexpr std::uint64_t kBorderUnits = 10'512'000;
static_assert(kBorderUnits * kUnitSeconds == std::uint64_t{4} * 365 * 86'400, "four years");
constexpr std::uint64_t kFirstRate = 15, kSecondRate = 13, kLastRate = 11;  // KAI a unit
constexpr std::uint64_t kWeiPerKai = 1'000'000'000'000'000'000;
constexpr std::uint64_t kCapKai = 1'000'000'000;
constexpr std::uint64_t kWhole = 100;      // percent
constexpr std::uint64_t kMostScore = 200;  // of a device

/// Null without quorum; of an even number the lower of the two in the middle.
std::optional<std::uint8_t> MedianOf(const std::vector<std::optional<std::uint8_t>>& scores) {
  std::vector<std::uint8_t> present;
  for (const auto& score : scores) {
    if (score.has_value()) present.push_back(*score);
  }
  if (present.size() < scores.size() / 2 + 1) return std::nullopt;
  std::sort(present.begin(), present.end());
  return present[(present.size() - 1) / 2];
}

std::uint32_t Distance(std::uint8_t a, std::uint8_t b) {
  return a > b ? std::uint32_t{a} - b : std::uint32_t{b} - a;
}

}  // namespace

Uint256 Emitted(const chain::Deployment& deployment, std::uint64_t time_s) {
  const std::uint64_t genesis = deployment.schedule.genesis;
  const std::uint64_t units = time_s <= genesis ? 0 : (time_s - genesis) / kUnitSeconds;
  const std::uint64_t first = std::min(units, kBorderUnits);
  const std::uint64_t second = std::min(units - first, kBorderUnits);
  const std::uint64_t last = units - first - second;
  const Uint256 kai = Uint256(kFirstRate * first) + Uint256(kSecondRate * second) +
                      Uint256(kLastRate) * Uint256(last);
  const Uint256 cap = Uint256(kCapKai) * Uint256(kWeiPerKai);
  if (deployment.initial_supply >= cap) return 0;
  return std::min(cap - deployment.initial_supply, kai * Uint256(kWeiPerKai));
}

Uint256 EmissionOf(const chain::Deployment& deployment, std::uint32_t epoch,
                   const Uint256& funded) {
  const chain::Schedule& schedule = deployment.schedule;
  return Emitted(deployment, schedule.end(epoch)) - Emitted(deployment, schedule.begin(epoch)) +
         funded;
}

SettlementResult Settle(const SettlementInput& input) {
  KAISAR_CHECK(input.total_weight > 0 && input.weight <= input.total_weight);
  KAISAR_CHECK(input.scores.size() <= chain::kCommitteeSize);
  KAISAR_CHECK(input.provider_percent <= kWhole);
  const Uint256 share = input.emission * Uint256(input.weight);
  const Uint256 whole = Uint256(input.total_weight) * Uint256(kWhole);
  const Uint256 to_provider = share * Uint256(input.provider_percent);
  const bool registering = input.phase == chain::Phase::kRegistering;

  SettlementResult result;
  const std::optional<std::uint8_t> median = MedianOf(input.scores);
  result.median = median.value_or(chain::kNoMedian);
  for (std::size_t i = 0; i < input.scores.size(); ++i) {
    if (!input.scores[i].has_value()) continue;
    const auto bit = static_cast<std::uint8_t>(1u << i);
    result.present_mask |= bit;
    if (median.has_value() && Distance(*input.scores[i], *median) <= input.band) {
      result.agreed_mask |= bit;
    }
  }
  if (!input.scores.empty()) {
    result.commission_each =
        share * Uint256(kWhole - input.provider_percent) / (whole * Uint256(input.scores.size()));
  }
  if (!median.has_value()) return result;
  if (!registering) {
    result.provider_pay = to_provider * Uint256(*median) / (whole * Uint256(kMostScore));
  }
  result.promotes = registering && *median > 0;
  if (*median == 0 && input.phase == chain::Phase::kStandby && !input.was_in_service) {
    result.bond_at_stake = to_provider / whole;
  }
  return result;
}

}  // namespace kaisar::audit
