#include "checker/monitor/status_page.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/html_template.h"
#include "checker/page_files.h"

namespace kaisar::checker {
namespace {

using audit::Html;

constexpr int kBadRequest = 400;

/// What of the page is the same for everybody.
struct PageParts {
  std::string style = absl::StrCat(kStyleCss, kStatusCss);
  std::string script = absl::StrCat(kElementsJs, kStatusPartsJs, kStatusDevicesJs, kStatusJs);
  std::string script_hash = audit::ContentHash(script);
  std::string policy = absl::StrCat(
      "default-src 'none'; style-src ", audit::ContentHash(style), "; script-src ", script_hash,
      "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'");
};

const PageParts& Parts() {
  static const PageParts parts;
  return parts;
}

}  // namespace

StatusPage::StatusPage(std::map<std::uint32_t, std::string> names, RunWatch& watch,
                       const Clock& clock)
    : watch_(watch), clock_(clock), started_ms_(clock.WallMs()), devices_(std::move(names)) {}

void StatusPage::ReadLastReport(const std::string& data_dir) {
  const auto epochs = FindEpochReports(data_dir);
  if (!epochs.ok() || epochs->empty()) return;  // it is for show: who needs it says what is wrong
  const auto file = audit::ReadReportFile(EpochReportPath(data_dir, epochs->back()));
  if (!file.ok()) return;
  const auto scores = audit::UnpackScores(file->report.report.words);
  if (!scores.ok()) return;
  std::map<std::uint32_t, ReportedDevice> devices;
  for (const audit::ReportedScore& score : *scores) devices[score.device] = {score.score, ""};
  devices_.Reported(epochs->back(), std::move(devices));
  reports_.Written(epochs->back());
}

void StatusPage::Begin(const Epoch& epoch, const std::vector<challenges::PlannedChallenge>& plan,
                       const ResumePoint& resume) {
  EpochFigures figures;
  figures.epoch = epoch.scope.epoch;
  figures.slot = epoch.scope.slot;
  figures.begin_ms = epoch.beacon_ms;
  figures.end_ms = epoch.end_ms;
  figures.resumed = !resume.closed.empty();
  figures.kinds = CountPlan(plan, resume);
  devices_.Begin(epoch);
  MutexLock lock(mutex_);
  epoch_ = std::move(figures);
}

void StatusPage::Count(const Outcome& outcome, const challenges::Policy& policy) {
  devices_.Count(outcome, policy);
  MutexLock lock(mutex_);
  if (epoch_) epoch_->kinds[outcome.closed.kind()].Count(outcome.closed.verdict());
}

void StatusPage::Reported(const EpochResult& result) {
  std::map<std::uint32_t, ReportedDevice> devices;
  for (const audit::DeviceScore& score : result.scores) {
    devices[score.device] = {score.score, score.explanation};
  }
  devices_.Reported(result.report.report.epoch, std::move(devices));
  reports_.Written(result.report.report.epoch);
}

nlohmann::ordered_json StatusPage::Read(const DeviceQuery& query) const {
  StatusFigures figures;
  figures.started_ms = started_ms_;
  figures.now_ms = clock_.WallMs();
  figures.run = watch_.Facts();
  {
    MutexLock lock(mutex_);
    figures.epoch = epoch_;
  }
  figures.reports = reports_.Lines(figures.run.slot);
  figures.devices = devices_.Page(query);
  nlohmann::ordered_json json = ToJson(figures);
  json["page"] = Parts().script_hash;  // a page with another script loads itself again
  return json;
}

monitor::HttpReply StatusPage::Page() const {
  const PageParts& parts = Parts();
  const nlohmann::ordered_json json = Read(*ParseDeviceQuery(""));
  const nlohmann::ordered_json& earning = json["earning"];
  const auto text = [&](const char* key) { return Html::Text(earning[key].get<std::string>()); };
  monitor::HttpReply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.content_security_policy = parts.policy;
  reply.body = audit::FillTemplate(kStatusHtml, {{"style", Html::Markup(parts.style)},
                                                 {"script", Html::Markup(parts.script)},
                                                 {"state", text("state")},
                                                 {"heading", text("heading")},
                                                 {"text", text("text")},
                                                 {"json", Html::Json(json)}});
  return reply;
}

monitor::HttpReply StatusPage::Json(absl::string_view query) const {
  monitor::HttpReply reply;
  const auto asked = ParseDeviceQuery(query);
  if (!asked.ok()) {
    reply.status = kBadRequest;
    reply.body = absl::StrCat(asked.status().message(), "\n");
    return reply;
  }
  reply.content_type = "application/json";
  reply.body = Read(*asked).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return reply;
}

void StatusPage::AddTo(monitor::HttpRoutes& routes) {
  routes.Add("/", [this](const monitor::HttpRequest&) { return Page(); });
  routes.Add("/status.json",
             [this](const monitor::HttpRequest& request) { return Json(request.query); });
}

}  // namespace kaisar::checker
