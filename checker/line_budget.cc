#include "checker/line_budget.h"

#include "base/check.h"
#include "challenges/bandwidth/terms.h"

namespace kaisar::checker {
namespace {

constexpr std::uint64_t kMostPercent = 80;

/// Rounded down, and without overflow for any capacity.
std::uint64_t MostOf(std::uint64_t capacity) {
  return capacity / 100 * kMostPercent + capacity % 100 * kMostPercent / 100;
}

}  // namespace

LineBudget::LineBudget(const LineCapacity& capacity) {
  out_.most = MostOf(capacity.out_bits_per_second);
  in_.most = MostOf(capacity.in_bits_per_second);
}

bool LineBudget::Carries(v1::Direction direction, std::uint64_t rate) const {
  return rate <= SideOf(direction).most;
}

bool LineBudget::HasRoom(v1::Direction direction, std::uint64_t rate) const {
  const Side& side = SideOf(direction);
  return rate <= side.most - side.in_use;
}

void LineBudget::Take(v1::Direction direction, std::uint64_t rate) {
  KAISAR_CHECK(HasRoom(direction, rate));
  SideOf(direction).in_use += rate;
}

void LineBudget::Release(v1::Direction direction, std::uint64_t rate) {
  Side& side = SideOf(direction);
  KAISAR_CHECK(rate <= side.in_use);
  side.in_use -= rate;
}

bool CarriesTestsOf(const LineBudget& budget, const v1::Device& device,
                    const challenges::BandwidthPolicy& policy) {
  return budget.Carries(v1::DOWN, challenges::SentRate(device.down_bits_per_second(), policy)) &&
         budget.Carries(v1::UP, challenges::SentRate(device.up_bits_per_second(), policy));
}

std::uint32_t CountTooFast(const LineCapacity& capacity, const v1::Roster& roster,
                           const challenges::Policy& policy) {
  const LineBudget budget(capacity);
  std::uint32_t count = 0;
  for (const v1::Device& device : roster.devices()) {
    if (policy.Find(device.phase(), v1::BANDWIDTH) != nullptr &&
        !CarriesTestsOf(budget, device, policy.bandwidth)) {
      ++count;
    }
  }
  return count;
}

}  // namespace kaisar::checker
