#include "audit/comparison_distances.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/figures.h"
#include "base/printable.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

constexpr std::size_t kMostRegionBytes = 40;

/// A device's fastest answer to a checker whose place is known.
struct Answer {
  std::uint32_t slot = 0;
  const Place* place = nullptr;
  SmallestRtt rtt;
  std::string region;
};

std::map<std::uint32_t, std::vector<Answer>> AnswersByDevice(const std::vector<CheckerLog>& logs,
                                                             const Geography& geography) {
  std::map<std::uint32_t, std::vector<Answer>> answers;
  for (const CheckerLog& log : logs) {
    const auto place = geography.checkers.find(log.slot());
    if (place == geography.checkers.end()) continue;
    for (const auto& [id, account] : log.devices) {
      const v1::Device* device = challenges::FindDevice(log.epoch.opened.roster(), id);
      if (!account.smallest_rtt.has_value() || device == nullptr) continue;
      answers[id].push_back({log.slot(), &place->second, *account.smallest_rtt, device->region()});
    }
  }
  return answers;
}

Finding MakeFinding(std::uint32_t device, const std::vector<Answer>& answers,
                    std::string sentence) {
  Finding finding;
  finding.kind = Finding::Kind::kImpossibleDistance;
  finding.devices = {device};
  finding.sentence = std::move(sentence);
  for (const Answer& answer : answers) finding.records[answer.slot] = {answer.rtt.record};
  return finding;
}

/// "slot 1 in 2.03 ms, so from at most 224 km away".
std::string AnswerText(const Answer& answer) {
  return absl::StrCat("slot ", answer.slot, " in ", FormatMicroseconds(answer.rtt.us),
                      ", so from at most ", MostKm(answer.rtt.us), " km away");
}

Finding AgainstRegion(std::uint32_t device, const Answer& answer, std::uint32_t least_km) {
  return MakeFinding(
      device, {answer},
      absl::StrCat("Device ", device, " answered ", AnswerText(answer), ", but its region '",
                   Printable(answer.region, kMostRegionBytes), "' begins ", least_km,
                   " km from there: the device is not there, another machine answers its pings, or "
                   "the slot's place or times are wrong."));
}

Finding AgainstEachOther(std::uint32_t device, const Answer& a, const Answer& b,
                         std::uint32_t least_km) {
  return MakeFinding(
      device, {a, b},
      absl::StrCat("Device ", device, " answered ", AnswerText(a), ", and ", AnswerText(b),
                   ", but these slots are ", least_km,
                   " km apart: machines at two places answer for it, or one slot's place or times "
                   "are wrong."));
}

std::set<std::uint32_t> SlotsInAll(const std::vector<Finding>& findings) {
  std::map<std::uint32_t, std::size_t> counts;
  std::set<std::uint32_t> devices, slots;
  for (const Finding& finding : findings) {
    devices.insert(finding.devices.begin(), finding.devices.end());
    for (const auto& [slot, records] : finding.records) ++counts[slot];
  }
  for (const auto& [slot, count] : counts) {
    if (devices.size() > 1 && count == findings.size()) slots.insert(slot);
  }
  return slots;
}

}  // namespace

DistanceComparison FindImpossibleDistances(const std::vector<CheckerLog>& logs,
                                           const Geography& geography) {
  DistanceComparison comparison;
  for (const auto& [device, answers] : AnswersByDevice(logs, geography)) {
    std::set<std::uint32_t> contradicted;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Answer& answer = answers[i];
      ++comparison.slots[answer.slot].answered;
      const auto region = geography.regions.find(answer.region);
      if (region != geography.regions.end()) {
        ++comparison.regions_checked;
        const std::uint32_t least_km = LeastKm(*answer.place, region->second);
        if (least_km > MostKm(answer.rtt.us)) {
          comparison.findings.push_back(AgainstRegion(device, answer, least_km));
          contradicted.insert(answer.slot);
        }
      }
      for (std::size_t j = i + 1; j < answers.size(); ++j) {
        const Answer& other = answers[j];
        ++comparison.pairs_checked;
        const std::uint32_t least_km = LeastKm(*answer.place, *other.place);
        if (least_km <= MostKm(answer.rtt.us) + MostKm(other.rtt.us)) continue;
        comparison.findings.push_back(AgainstEachOther(device, answer, other, least_km));
        contradicted.insert({answer.slot, other.slot});
      }
    }
    for (const std::uint32_t slot : contradicted) ++comparison.slots[slot].devices;
  }
  comparison.slots_in_all = SlotsInAll(comparison.findings);
  return comparison;
}

}  // namespace kaisar::audit
