#include "checker/monitor/status_json.h"

#include <nlohmann/json.hpp>

#include "audit/names.h"
#include "base/hex.h"
#include "checker/monitor/earning.h"

namespace kaisar::checker {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kSecondNs = 1'000'000'000;

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json HashOrNull(const Digest& hash) {
  return hash == Digest{} ? Json() : Json(ToPrefixedHex(hash));
}

Json ToJson(const EpochFigures& epoch) {
  Json kinds = Json::array();
  for (const auto& [kind, progress] : epoch.kinds) {
    kinds.push_back({{"kind", audit::NameOf(kind)},
                     {"planned", progress.planned},
                     {"closed", progress.closed},
                     {"passed", progress.verdicts.passed},
                     {"failed", progress.verdicts.failed},
                     {"inconclusive", progress.verdicts.inconclusive}});
  }
  return {{"epoch", epoch.epoch},   {"slot", epoch.slot},       {"begin_ms", epoch.begin_ms},
          {"end_ms", epoch.end_ms}, {"resumed", epoch.resumed}, {"kinds", kinds}};
}

Json ToJson(const ReportLine& line) {
  return {{"epoch", line.epoch},
          {"state", line.state},
          {"accepted", line.accepted},
          {"lost", line.lost},
          {"why", line.why},
          {"commit", HashOrNull(line.commit_transaction)},
          {"reveal", HashOrNull(line.reveal_transaction)}};
}

Json ToJson(const DeviceRow& row) {
  const DeviceProgress& progress = row.progress;
  Json json = {
      {"id", row.facts.id},
      {"name", row.facts.name},
      {"endpoint", row.facts.endpoint},
      {"phase", v1::Phase_Name(row.facts.phase)},
      {"passed", progress.verdicts.passed},
      {"failed", progress.verdicts.failed},
      {"inconclusive", progress.verdicts.inconclusive},
      {"last_reason",
       progress.last_reason == v1::NONE ? Json() : Json(v1::Reason_Name(progress.last_reason))},
      {"rtts_us", row.rtts_us},
      {"rates", row.rates},
      {"down", Json()},
      {"up", Json()},
      {"score", OrNull(row.reported.score)},
      {"why", row.reported.why}};
  if (progress.bandwidth) {
    json["down"] = progress.bandwidth->down_bits_per_second;
    json["up"] = progress.bandwidth->up_bits_per_second;
  }
  return json;
}

Json ToJson(const DevicePage& page) {
  Json rows = Json::array();
  for (const DeviceRow& row : page.rows) rows.push_back(ToJson(row));
  return {{"all", page.all},
          {"matching", page.matching},
          {"from", page.from},
          {"most", kDevicesPerPage},
          {"reported_epoch", OrNull(page.reported_epoch)},
          {"rows", std::move(rows)}};
}

}  // namespace

nlohmann::ordered_json ToJson(const StatusFigures& figures) {
  const RunFacts& run = figures.run;
  const Readiness readiness = CheckReadiness(run);
  const Earning earning = TellEarning(run, readiness);
  Json json = {
      {"started_ms", figures.started_ms},
      {"now_ms", figures.now_ms},
      {"earning", {{"state", earning.state}, {"heading", earning.heading}, {"text", earning.text}}},
      {"problems", monitor::ToJson(readiness.problems, &KeepsFromEarning)},
      {"epoch", figures.epoch ? ToJson(*figures.epoch) : Json()},
      {"slot", run.slot ? ToJson(*run.slot) : Json()},
      {"on_chain", run.on_chain},
      {"chain_read_s",
       run.chain_read_ns ? Json((run.now_ns - *run.chain_read_ns) / kSecondNs) : Json()}};
  json["reports"] = Json::array();
  for (const ReportLine& line : figures.reports) json["reports"].push_back(ToJson(line));
  json["devices"] = ToJson(figures.devices);
  return json;
}

}  // namespace kaisar::checker
