#include "checker/monitor/device_board.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/printable.h"
#include "monitor/http_query.h"

namespace kaisar::checker {
namespace {

constexpr std::size_t kMostNameBytes = 64;
constexpr std::size_t kMostEndpointBytes = 96;
constexpr std::size_t kMostFindBytes = 64;
constexpr std::uint8_t kFullScore = 200;

/// What decides whether and where a device is shown.
struct Place {
  std::size_t index = 0;
  std::uint32_t failed = 0;
  std::uint32_t inconclusive = 0;
  v1::Reason last_reason = v1::NONE;
  std::optional<std::uint8_t> score;

  /// Less comes first; who has no score was not asked enough, and comes after those with one.
  auto rank() const {
    return std::make_tuple(~failed, ~inconclusive, score ? *score : kFullScore + 1, index);
  }
};

void Keep(std::vector<std::uint64_t>& trace, std::uint64_t value) {
  if (trace.size() == kTraceLength) trace.erase(trace.begin());
  trace.push_back(value);
}

bool Shows(const std::string& filter, const Place& place) {
  if (filter == "failed") return place.failed > 0;
  if (filter == "inconclusive") return place.inconclusive > 0;
  if (filter == "below_full") return place.score && *place.score < kFullScore;
  return true;
}

bool Has(const DeviceFacts& facts, v1::Reason last_reason, const std::string& word) {
  if (std::uint32_t id = 0; absl::SimpleAtoi(word, &id)) return facts.id == id;
  return absl::StrContains(facts.words, word) ||
         (last_reason != v1::NONE &&
          absl::StrContains(absl::AsciiStrToLower(v1::Reason_Name(last_reason)), word));
}

}  // namespace

absl::StatusOr<DeviceQuery> ParseDeviceQuery(absl::string_view query) {
  DeviceQuery parsed;
  const std::string find = monitor::QueryField(query, "find");
  if (find.size() > kMostFindBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("find is ", find.size(), " bytes, limit ", kMostFindBytes));
  }
  parsed.words = absl::StrSplit(absl::AsciiStrToLower(find), ' ', absl::SkipWhitespace());
  parsed.show = monitor::QueryField(query, "show");
  if (parsed.show.empty()) parsed.show = std::string(kDeviceFilters[0]);
  if (std::find(std::begin(kDeviceFilters), std::end(kDeviceFilters), parsed.show) ==
      std::end(kDeviceFilters)) {
    return absl::InvalidArgumentError(
        absl::StrCat("show is none of ", absl::StrJoin(kDeviceFilters, ", ")));
  }
  const std::string from = monitor::QueryField(query, "from");
  if (!from.empty() && !absl::SimpleAtoi(from, &parsed.from)) {
    return absl::InvalidArgumentError("from is no number of devices");
  }
  return parsed;
}

DeviceFacts DeviceBoard::FactsOf(const v1::Device& device) const {
  DeviceFacts facts;
  facts.id = device.id();
  const auto name = names_.find(device.id());
  facts.name =
      Printable(name == names_.end() ? device.device_class() : name->second, kMostNameBytes);
  facts.endpoint = Printable(device.endpoint(), kMostEndpointBytes);
  facts.phase = device.phase();
  facts.words = absl::AsciiStrToLower(
      absl::StrCat(facts.name, " ", Printable(device.device_class(), kMostNameBytes), " ",
                   Printable(device.region(), kMostNameBytes), " ", facts.endpoint, " ",
                   v1::Phase_Name(device.phase())));
  return facts;
}

void DeviceBoard::Begin(const Epoch& epoch) {
  auto facts = std::make_shared<std::vector<DeviceFacts>>();
  for (const v1::Device& device : epoch.roster.devices()) facts->push_back(FactsOf(device));
  std::vector<Live> live(facts->size());
  MutexLock lock(mutex_);
  std::size_t old = 0;
  for (std::size_t i = 0; i < live.size(); ++i) {
    const std::uint32_t id = (*facts)[i].id;
    live[i].progress.id = id;
    while (old < live_.size() && live_[old].progress.id < id) ++old;
    if (old == live_.size() || live_[old].progress.id != id) continue;
    live[i].rtts_us = std::move(live_[old].rtts_us);
    live[i].rates = std::move(live_[old].rates);
  }
  facts_ = std::move(facts);
  live_ = std::move(live);
}

void DeviceBoard::Count(const Outcome& outcome, const challenges::Policy& policy) {
  MutexLock lock(mutex_);
  const auto found =
      std::lower_bound(live_.begin(), live_.end(), outcome.closed.device(),
                       [](const Live& live, std::uint32_t id) { return live.progress.id < id; });
  if (found == live_.end() || found->progress.id != outcome.closed.device()) return;
  DeviceProgress& progress = found->progress;
  progress.Count(outcome, policy);
  if (outcome.closed.latency().echoes_size() > 0) Keep(found->rtts_us, *progress.rtt_us);
  if (outcome.commitment != nullptr && progress.ops_per_second) {
    Keep(found->rates, *progress.ops_per_second);
  }
}

void DeviceBoard::Reported(std::uint32_t epoch, std::map<std::uint32_t, ReportedDevice> devices) {
  MutexLock lock(mutex_);
  reported_epoch_ = epoch;
  reported_.swap(devices);
}

DevicePage DeviceBoard::Page(const DeviceQuery& query) const {
  AllFacts facts;
  std::vector<Place> places;
  {
    MutexLock lock(mutex_);
    facts = facts_;
    places.reserve(live_.size());
    auto reported = reported_.begin();
    for (std::size_t i = 0; i < live_.size(); ++i) {
      const DeviceProgress& progress = live_[i].progress;
      while (reported != reported_.end() && reported->first < progress.id) ++reported;
      const bool scored = reported != reported_.end() && reported->first == progress.id;
      places.push_back({i, progress.verdicts.failed, progress.verdicts.inconclusive,
                        progress.last_reason, scored ? reported->second.score : std::nullopt});
    }
  }
  // Searched and ordered without holding anybody up.
  DevicePage page;
  page.all = places.size();
  std::erase_if(places, [&](const Place& place) {
    const DeviceFacts& device = (*facts)[place.index];
    return !Shows(query.show, place) ||
           !std::all_of(query.words.begin(), query.words.end(), [&](const std::string& word) {
             return Has(device, place.last_reason, word);
           });
  });
  page.matching = places.size();
  page.from = std::min<std::uint64_t>(query.from, places.size());
  const auto begin = places.begin() + static_cast<std::ptrdiff_t>(page.from);
  const auto count = std::min<std::size_t>(kDevicesPerPage, places.size() - page.from);
  std::partial_sort(places.begin(), begin + static_cast<std::ptrdiff_t>(count), places.end(),
                    [](const Place& a, const Place& b) { return a.rank() < b.rank(); });

  MutexLock lock(mutex_);
  page.reported_epoch = reported_epoch_;
  if (facts != facts_) return page;  // an epoch began meanwhile: its devices come with the next one
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = begin[static_cast<std::ptrdiff_t>(i)].index;
    const Live& live = live_[index];
    const auto reported = reported_.find(live.progress.id);
    page.rows.push_back({(*facts)[index], live.progress, live.rtts_us, live.rates,
                         reported == reported_.end() ? ReportedDevice() : reported->second});
  }
  return page;
}

}  // namespace kaisar::checker
