#include "checker/last_report.h"

#include "audit/report.h"
#include "checker/epoch_log.h"

namespace kaisar::checker {

std::optional<LastReport> ReadLastReport(const std::string& data_dir) {
  const auto epochs = FindEpochReports(data_dir);
  if (!epochs.ok() || epochs->empty()) return std::nullopt;
  LastReport last;
  last.epoch = epochs->back();
  const auto file = audit::ReadReportFile(EpochReportPath(data_dir, last.epoch));
  if (!file.ok()) return std::nullopt;
  const auto scores = audit::UnpackScores(file->report.report.words);
  if (!scores.ok()) return std::nullopt;
  last.scored = last.devices = scores->size();
  // Old logs may be moved away: then at least those are known that have a score.
  const auto opened = ReadOpened(EpochLogPath(data_dir, last.epoch));
  if (opened.ok()) last.devices = static_cast<std::uint64_t>(opened->roster().devices_size());
  return last;
}

}  // namespace kaisar::checker
