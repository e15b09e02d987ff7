#include "audit/comparison_sharing.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "audit/figures.h"
#include "audit/rank_test.h"
#include "audit/relative_rates.h"
#include "audit/shares.h"

namespace kaisar::audit {
namespace {

/// The most values of a list that a test takes, the earliest: its cost grows with the cube.
constexpr std::size_t kMostRanked = 64;

using Pair = std::pair<std::uint32_t, std::uint32_t>;  // ids, the smaller one first

/// One time that both were at work: indices into each device's rates.
struct Meeting {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
};

struct Beginning {
  std::uint64_t started_ms = 0;
  const DeviceRates* device = nullptr;
  std::uint32_t index = 0;
  const RelativeRate& rate() const { return device->rates[index]; }
};

bool AreTogether(const Beginning& a, const Beginning& b) {
  const std::uint64_t between = b.started_ms - a.started_ms;
  return between <= std::min(a.device->usual_ms, b.device->usual_ms) / 2 &&
         a.rate().slot != b.rate().slot;
}

/// Every two challenges that are together, by pair, each challenge once.
std::map<Pair, std::vector<Meeting>> FindMeetings(const std::vector<DeviceRates>& devices) {
  std::vector<Beginning> beginnings;
  std::uint64_t longest_ms = 0;
  for (const DeviceRates& device : devices) {
    longest_ms = std::max(longest_ms, device.usual_ms);
    for (std::uint32_t i = 0; i < device.rates.size(); ++i) {
      if (!device.rates[i].muster) beginnings.push_back({device.rates[i].started_ms, &device, i});
    }
  }
  std::sort(beginnings.begin(), beginnings.end(), [](const Beginning& a, const Beginning& b) {
    return std::tie(a.started_ms, a.device->device, a.index) <
           std::tie(b.started_ms, b.device->device, b.index);
  });
  std::map<Pair, std::vector<Meeting>> meetings;
  for (std::size_t i = 0; i < beginnings.size(); ++i) {
    for (std::size_t j = i + 1; j < beginnings.size(); ++j) {
      const Beginning& a = beginnings[i];
      const Beginning& b = beginnings[j];
      if (b.started_ms - a.started_ms > longest_ms / 2) break;
      if (a.device == b.device || !AreTogether(a, b)) continue;
      const bool in_order = a.device->device < b.device->device;
      const Beginning& first = in_order ? a : b;
      const Beginning& second = in_order ? b : a;
      std::vector<Meeting>& found = meetings[{first.device->device, second.device->device}];
      const bool met = std::any_of(found.begin(), found.end(), [&](const Meeting& one) {
        return one.first == first.index || one.second == second.index;
      });
      if (!met) found.push_back({first.index, second.index});
    }
  }
  return meetings;
}

/// The rates at times when the other was surely not at work, were it twice as slow as usual, and
/// could have been: between its first challenge and its last. A device may have been slow for
/// reasons of its own while the other was not asked at all.
std::vector<std::uint64_t> RatesApart(const DeviceRates& device, const DeviceRates& other) {
  std::vector<std::uint64_t> rates;
  for (const RelativeRate& rate : device.rates) {
    if (rate.muster || rate.started_ms < other.rates.front().started_ms ||
        rate.started_ms > other.rates.back().started_ms) {
      continue;
    }
    const bool apart =
        std::none_of(other.rates.begin(), other.rates.end(), [&](const RelativeRate& another) {
          return rate.started_ms < another.started_ms + 2 * other.usual_ms &&
                 another.started_ms < rate.started_ms + 2 * device.usual_ms;
        });
    if (apart) rates.push_back(rate.relative_ppm);
  }
  return rates;
}

/// Of each two, the slower one.
std::vector<std::uint64_t> Slower(const std::vector<std::uint64_t>& a,
                                  const std::vector<std::uint64_t>& b) {
  std::vector<std::uint64_t> slower;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    slower.push_back(std::min(a[i], b[i]));
  }
  return slower;
}

std::vector<std::uint64_t> FirstOf(std::vector<std::uint64_t> values) {
  if (values.size() > kMostRanked) values.resize(kMostRanked);
  return values;
}

std::uint32_t Median(const std::vector<std::uint64_t>& values) {
  return static_cast<std::uint32_t>(LowerMedian(values));
}

/// The chance is left open when the rate has not fallen.
PairTest TestPair(const DeviceRates& first, const DeviceRates& second,
                  const std::vector<Meeting>& meetings) {
  std::vector<std::uint64_t> first_together, second_together;
  PairTest test;
  test.first = first.device;
  test.second = second.device;
  for (const Meeting& meeting : meetings) {
    for (const RelativeRate* rate : {&first.rates[meeting.first], &second.rates[meeting.second]}) {
      test.records.push_back({rate->slot, rate->record});
    }
    first_together.push_back(first.rates[meeting.first].relative_ppm);
    second_together.push_back(second.rates[meeting.second].relative_ppm);
  }
  const std::vector<std::uint64_t> first_apart = RatesApart(first, second);
  const std::vector<std::uint64_t> second_apart = RatesApart(second, first);
  const std::vector<std::uint64_t> together = Slower(first_together, second_together);
  const std::vector<std::uint64_t> apart = Slower(first_apart, second_apart);
  test.together = together.size();
  test.apart = apart.size();
  test.together_ppm = Median(together);
  test.apart_ppm = Median(apart);
  test.first_together_ppm = Median(first_together);
  test.first_apart_ppm = Median(first_apart);
  test.second_together_ppm = Median(second_together);
  test.second_apart_ppm = Median(second_apart);
  if (std::uint64_t{test.together_ppm} * kWholeShare <=
      std::uint64_t{test.apart_ppm} * kFallenPpm) {
    test.chance = ChanceOfRanks(FirstOf(together), FirstOf(apart));
  }
  return test;
}

bool CanTell(const PairTest& test) {
  return test.together >= kLeastTogether && test.apart > 0 &&
         LeastChanceOfRanks(std::min(test.together, kMostRanked),
                            std::min(test.apart, kMostRanked)) <= kMostChance;
}

/// Of those of the same two owners the one that chance explains least; the others are alike.
std::vector<PairTest> OnePairForTwoOwners(
    const std::vector<PairTest>& tests,
    const std::map<std::uint32_t, const DeviceRates*>& devices) {
  std::map<std::pair<std::string, std::string>, PairTest> by_owners;
  for (const PairTest& test : tests) {
    std::pair<std::string, std::string> owners = {devices.at(test.first)->owner,
                                                  devices.at(test.second)->owner};
    if (owners.second < owners.first) std::swap(owners.first, owners.second);
    const auto [known, is_new] = by_owners.emplace(owners, test);
    if (is_new) continue;
    PairTest& best = known->second;
    std::set<std::uint32_t> alike(best.alike.begin(), best.alike.end());
    alike.insert({best.first, best.second, test.first, test.second});
    if (test.chance < best.chance) best = test;
    alike.erase(best.first);
    alike.erase(best.second);
    best.alike.assign(alike.begin(), alike.end());
  }
  std::vector<PairTest> kept;
  for (auto& [owners, test] : by_owners) kept.push_back(std::move(test));
  return kept;
}

/// Of any test to say so, where so many are made.
std::string ChanceText(double chance, double tests) {
  return absl::StrFormat("; chance alone does that in %.1e of all epochs.",
                         std::min(1.0, chance * tests));
}

Finding PairFinding(const PairTest& test, double tests) {
  Finding finding;
  finding.kind = Finding::Kind::kSharedHardware;
  finding.devices = {test.first, test.second};
  for (const auto& [slot, record] : test.records) finding.records[slot].push_back(record);
  std::string alike;
  if (!test.alike.empty()) {
    alike = absl::StrCat(" (or another of their owners', challenged at the same instants: ",
                         absl::StrJoin(test.alike, ", "), ")");
  }
  finding.sentence =
      absl::StrCat("Devices ", test.first, " and ", test.second, alike,
                   " may share a GPU: the slower of both reached ", FormatShare(test.together_ppm),
                   " of its usual rate the ", test.together, " times that both were at work, and ",
                   FormatShare(test.apart_ppm), " in ", test.apart, " challenges apart; device ",
                   test.first, " by itself ", FormatShare(test.first_together_ppm), " and ",
                   FormatShare(test.first_apart_ppm), ", device ", test.second, " ",
                   FormatShare(test.second_together_ppm), " and ",
                   FormatShare(test.second_apart_ppm), ChanceText(test.chance, tests));
  return finding;
}

Finding MusterFinding(const MusterTest& test, double tests) {
  Finding finding;
  finding.kind = Finding::Kind::kSharedHardware;
  std::vector<std::string> texts;
  for (const MusterTest::Fallen& one : test.fallen) {
    finding.devices.insert(one.device);
    finding.records[one.slot].push_back(one.record);
    texts.push_back(
        absl::StrCat(one.device, " (", FormatShare(one.relative_ppm), ", slot ", one.slot, ")"));
  }
  finding.sentence = absl::StrCat(
      "At the muster, when all are at work, ", test.fallen.size(), " of ", test.mustered,
      " devices fell to ", FormatShare(kFallenPpm), " of their usual rate or below, of their ",
      test.others, " challenges at other times ", test.others_fallen,
      " did. Some of them may share GPUs: ", absl::StrJoin(texts, ", "),
      ChanceText(test.chance, tests));
  return finding;
}

MusterTest TestMuster(const std::vector<DeviceRates>& devices) {
  struct Tally {
    std::uint64_t mustered = 0;
    std::uint64_t fallen = 0;
  };
  MusterTest test;
  std::map<std::uint32_t, Tally> by_slot;
  for (const DeviceRates& device : devices) {
    if (std::none_of(device.rates.begin(), device.rates.end(),
                     [](const RelativeRate& rate) { return rate.muster; })) {
      continue;
    }
    for (const RelativeRate& rate : device.rates) {
      const bool fell = rate.relative_ppm <= kFallenPpm;
      if (!rate.muster) {
        ++test.others;
        test.others_fallen += fell ? 1 : 0;
        continue;
      }
      ++test.mustered;
      ++by_slot[rate.slot].mustered;
      if (!fell) continue;
      ++by_slot[rate.slot].fallen;
      test.fallen.push_back({device.device, rate.slot, rate.relative_ppm, rate.record});
    }
  }
  double most = by_slot.empty() ? 1 : 0;
  for (const auto& [slot, left_out] : by_slot) {
    const std::uint64_t fallen = test.fallen.size() - left_out.fallen;
    const std::uint64_t mustered = test.mustered - left_out.mustered;
    most = std::max(most, ChanceOfMarked(fallen, mustered, fallen + test.others_fallen,
                                         mustered + test.others));
  }
  test.chance = most;
  return test;
}

}  // namespace

SharingComparison FindSharedHardware(const std::vector<CheckerLog>& logs) {
  const std::vector<DeviceRates> devices = RelativeRates(logs);
  std::map<std::uint32_t, const DeviceRates*> by_id;
  for (const DeviceRates& device : devices) by_id[device.device] = &device;
  SharingComparison comparison;
  comparison.pairs = devices.empty() ? 0 : devices.size() * (devices.size() - 1) / 2;
  std::vector<PairTest> fallen;
  for (const auto& [pair, meetings] : FindMeetings(devices)) {
    comparison.most_together = std::max(comparison.most_together, meetings.size());
    if (meetings.size() < kLeastTogether) continue;
    const PairTest test = TestPair(*by_id[pair.first], *by_id[pair.second], meetings);
    if (!CanTell(test)) continue;
    ++comparison.pairs_tested;
    if (test.chance <= kMostChance) fallen.push_back(test);
  }
  comparison.muster = TestMuster(devices);
  const auto tests = static_cast<double>(comparison.pairs_tested + 1);  // and the muster
  comparison.bound = kMostChance / tests;
  std::erase_if(fallen, [&](const PairTest& test) { return test.chance > comparison.bound; });
  comparison.suspected = OnePairForTwoOwners(fallen, by_id);
  for (const PairTest& test : comparison.suspected) {
    comparison.findings.push_back(PairFinding(test, tests));
  }
  if (comparison.muster.chance <= comparison.bound) {
    comparison.findings.push_back(MusterFinding(comparison.muster, tests));
  }
  return comparison;
}

}  // namespace kaisar::audit
