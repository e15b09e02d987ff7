#include "audit/relative_rates.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "absl/numeric/int128.h"
#include "audit/shares.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

std::uint32_t Relative(std::uint64_t rate, std::uint64_t median) {
  const absl::uint128 ppm = absl::uint128(rate) * kWholeShare / median;
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
  return ppm > kMost ? kMost : static_cast<std::uint32_t>(ppm);
}

std::uint64_t MedianRate(const std::vector<TimedProof>& proofs) {
  std::vector<std::uint64_t> rates;
  for (const TimedProof& proof : proofs) {
    if (!proof.muster) rates.push_back(proof.ops_per_second);
  }
  return LowerMedian(std::move(rates));
}

}  // namespace

std::vector<DeviceRates> RelativeRates(const std::vector<CheckerLog>& logs) {
  std::map<std::uint32_t, DeviceRates> by_id;
  std::map<std::uint32_t, std::vector<std::uint64_t>> times_ms;
  for (const CheckerLog& log : logs) {
    for (const auto& [id, account] : log.devices) {
      const v1::Device* device = challenges::FindDevice(log.epoch.opened.roster(), id);
      const std::uint64_t median = MedianRate(account.proofs);
      if (device == nullptr || median == 0) continue;
      DeviceRates& rates = by_id[id];
      rates.device = id;
      rates.owner = device->owner();
      for (const TimedProof& proof : account.proofs) {
        rates.rates.push_back({proof.started_ms, Relative(proof.ops_per_second, median), log.slot(),
                               proof.record, proof.muster});
        times_ms[id].push_back(proof.taken_ms);
      }
    }
  }
  std::vector<DeviceRates> all;
  for (auto& [id, rates] : by_id) {
    rates.usual_ms = LowerMedian(std::move(times_ms[id]));
    std::sort(rates.rates.begin(), rates.rates.end(),
              [](const RelativeRate& a, const RelativeRate& b) {
                return std::tie(a.started_ms, a.slot, a.record) <
                       std::tie(b.started_ms, b.slot, b.record);
              });
    all.push_back(std::move(rates));
  }
  return all;
}

}  // namespace kaisar::audit
