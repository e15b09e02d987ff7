#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "checker/config.h"
#include "checker/epoch_log.h"
#include "checker/monitor/device_board.h"
#include "checker/monitor/report_board.h"
#include "checker/monitor/run_watch.h"
#include "checker/monitor/status_json.h"
#include "checker/resume.h"
#include "monitor/http_routes.h"

namespace kaisar::checker {

/// The page that tells an operator how the slot does, and the JSON that keeps it current.
///
/// Threads: all methods from any thread.
class StatusPage {
 public:
  /// `names` are the roster file's. Watch and clock must outlive it.
  StatusPage(std::map<std::uint32_t, std::string> names, RunWatch& watch, const Clock& clock);

  /// What the newest report on the disk says, if there is one: an earlier run's.
  void ReadLastReport(const std::string& data_dir);

  void Begin(const Epoch& epoch, const std::vector<challenges::PlannedChallenge>& plan,
             const ResumePoint& resume);
  void Count(const Outcome& outcome, const challenges::Policy& policy);
  void Reported(const EpochResult& result);
  void StageChanged(const reporter::EpochStage& stage) { reports_.StageChanged(stage); }

  /// `/` and `/status.json`. It must outlive them.
  void AddTo(monitor::HttpRoutes& routes);

 private:
  /// What is shown to somebody who asks for these devices.
  nlohmann::ordered_json Read(const DeviceQuery& query) const;
  monitor::HttpReply Page() const;
  monitor::HttpReply Json(absl::string_view query) const;

  RunWatch& watch_;
  const Clock& clock_;
  const std::uint64_t started_ms_;
  DeviceBoard devices_;
  ReportBoard reports_;
  mutable Mutex mutex_;
  std::optional<EpochFigures> epoch_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kaisar::checker
