#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "audit/compare_command.h"
#include "audit/comparison_judgements.h"
#include "audit/names.h"
#include "base/hex.h"

namespace kaisar::audit {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

Json ReasonsToJson(const std::map<v1::Reason, std::uint32_t>& reasons) {
  Json json = Json::object();
  for (const auto& [reason, count] : reasons) {
    const std::string name = v1::Reason_Name(reason);
    json[name.empty() ? absl::StrCat(static_cast<int>(reason)) : name] = count;
  }
  return json;
}

Json DeviceToJson(const DeviceAccount& account) {
  const DeviceScore& score = account.score;
  Json json = {{"score", OrNull(score.score)},         {"availability_ppm", score.availability_ppm},
               {"latency_ppm", score.latency_ppm},     {"compute_ppm", score.compute_ppm},
               {"bandwidth_ppm", score.bandwidth_ppm}, {"smallest_rtt_us", nullptr},
               {"smallest_rtt_record", nullptr},       {"median_rtt_us", nullptr}};
  if (account.smallest_rtt.has_value()) {
    json["smallest_rtt_us"] = account.smallest_rtt->us;
    json["smallest_rtt_record"] = account.smallest_rtt->record;
    json["median_rtt_us"] = score.median_rtt_us;
  }
  Json& kinds = json["kinds"] = Json::object();
  for (const auto& [kind, verdicts] : account.kinds) {
    kinds[NameOf(kind)] = {{"passed", verdicts.passed},
                           {"failed", ReasonsToJson(verdicts.failed)},
                           {"inconclusive", ReasonsToJson(verdicts.inconclusive)},
                           {"records", TellingRecords(&verdicts)}};
  }
  return json;
}

std::string NameOf(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::kJudgedDifferently:
      return "judged_differently";
    case Finding::Kind::kImpossibleDistance:
      return "impossible_distance";
    case Finding::Kind::kSharedHardware:
      return "shared_gpu";
  }
  return "";
}

Json RecordsToJson(const std::map<std::uint32_t, std::vector<std::uint64_t>>& by_slot) {
  Json json = Json::array();
  for (const auto& [slot, records] : by_slot)
    json.push_back({{"slot", slot}, {"records", records}});
  return json;
}

Json PairToJson(const PairTest& test) {
  return {{"devices", {test.first, test.second}},
          {"alike", test.alike},
          {"together", test.together},
          {"apart", test.apart},
          {"slower_together_ppm", test.together_ppm},
          {"slower_apart_ppm", test.apart_ppm},
          {"each_together_ppm", {test.first_together_ppm, test.second_together_ppm}},
          {"each_apart_ppm", {test.first_apart_ppm, test.second_apart_ppm}},
          {"chance", test.chance}};
}

Json SharingToJson(const SharingComparison& sharing) {
  Json pairs = Json::array();
  for (const PairTest& test : sharing.suspected) pairs.push_back(PairToJson(test));
  Json fallen = Json::array();
  for (const MusterTest::Fallen& one : sharing.muster.fallen) {
    fallen.push_back({{"device", one.device},
                      {"slot", one.slot},
                      {"relative_ppm", one.relative_ppm},
                      {"record", one.record}});
  }
  return {{"pairs", sharing.pairs},
          {"pairs_tested", sharing.pairs_tested},
          {"most_together", sharing.most_together},
          {"chance_bound", sharing.bound},
          {"suspected", pairs},
          {"muster",
           {{"mustered", sharing.muster.mustered},
            {"fallen", fallen},
            {"others", sharing.muster.others},
            {"others_fallen", sharing.muster.others_fallen},
            {"chance", sharing.muster.chance}}}};
}

Json DistancesToJson(const DistanceComparison& distances) {
  Json slots = Json::array();
  for (const auto& [slot, found] : distances.slots) {
    slots.push_back({{"slot", slot},
                     {"devices_contradicted", found.devices},
                     {"devices_answered", found.answered}});
  }
  return {{"most_km_per_ms", kMostKmPerMs},
          {"pairs_checked", distances.pairs_checked},
          {"regions_checked", distances.regions_checked},
          {"slots", slots},
          {"slots_in_all", distances.slots_in_all}};
}

}  // namespace

std::string ComparisonToJson(const Comparison& comparison) {
  const v1::EpochOpened& opened = comparison.logs.front().epoch.opened;
  Json logs = Json::array();
  for (const CheckerLog& log : comparison.logs) {
    Json devices = Json::array();
    for (const auto& [id, account] : log.devices) {
      Json device = {{"device", id}};
      device.update(DeviceToJson(account));
      devices.push_back(std::move(device));
    }
    logs.push_back({{"slot", log.slot()},
                    {"path", log.path},
                    {"records", log.summary.records},
                    {"root", ToPrefixedHex(log.summary.root)},
                    {"devices", std::move(devices)}});
  }
  Json findings = Json::array();
  for (const Finding& finding : comparison.findings) {
    findings.push_back({{"kind", NameOf(finding.kind)},
                        {"devices", finding.devices},
                        {"sentence", finding.sentence},
                        {"records", RecordsToJson(finding.records)}});
  }
  const Json json = {{"epoch", opened.epoch()},
                     {"chain_id", opened.roster().chain_id()},
                     {"contract", absl::StrCat("0x", ToHex(ViewOf(opened.roster().contract())))},
                     {"verified", false},
                     {"findings", findings},
                     {"distances", DistancesToJson(comparison.distances)},
                     {"sharing", SharingToJson(comparison.sharing)},
                     {"logs", logs}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace kaisar::audit
