#include "checker/monitor/report_board.h"

#include "checker/stage_names.h"

namespace kaisar::checker {
namespace {

using reporter::Stage;

ReportLine LineOf(const reporter::EpochStage& stage) {
  ReportLine line;
  line.epoch = stage.epoch;
  line.state = std::string(NameOf(stage.stage));
  line.accepted = stage.stage == Stage::kRevealed || stage.stage == Stage::kSettling ||
                  stage.stage == Stage::kDone;
  line.lost = stage.stage == Stage::kMissed || stage.stage == Stage::kHeld;
  line.why = stage.why;
  line.commit_transaction = stage.commit_transaction;
  line.reveal_transaction = stage.reveal_transaction;
  return line;
}

ReportLine LineOf(const RecentReport& report) {
  ReportLine line;
  line.epoch = report.epoch;
  line.state = NameOf(report.state);
  line.accepted = report.state == ReportState::kRevealed;
  line.lost = report.opened &&
              (report.state == ReportState::kMissed || report.state == ReportState::kNotRevealed);
  if (!report.opened) line.why = "nobody opened the epoch, so no report is asked for";
  return line;
}

}  // namespace

void ReportBoard::Forget() {
  while (lines_.size() > kReportsShown) lines_.erase(lines_.begin());
}

void ReportBoard::Written(std::uint32_t epoch) {
  MutexLock lock(mutex_);
  ReportLine& line = lines_[epoch];
  line.epoch = epoch;
  if (line.state.empty()) line.state = "written";
  Forget();
}

void ReportBoard::StageChanged(const reporter::EpochStage& stage) {
  MutexLock lock(mutex_);
  lines_[stage.epoch] = LineOf(stage);
  Forget();
}

std::vector<ReportLine> ReportBoard::Lines(const std::optional<SlotStatus>& slot) const {
  std::map<std::uint32_t, ReportLine> all;
  {
    MutexLock lock(mutex_);
    all = lines_;
  }
  if (slot) {
    for (const RecentReport& report : slot->recent) {
      const ReportLine told = LineOf(report);
      ReportLine& line = all.try_emplace(report.epoch, told).first->second;
      if (line.state == "written") line = told;
      if (told.lost && !line.lost) {  // what works on it may not have seen that yet
        line.state = told.state;
        line.accepted = false;
        line.lost = true;
      }
    }
    if (const auto& accepted = slot->accepted) {
      ReportLine& line = all[accepted->epoch];
      line.epoch = accepted->epoch;
      if (!line.accepted) line.state = NameOf(ReportState::kRevealed);
      line.accepted = true;
      line.lost = false;
      line.reveal_transaction = accepted->transaction;
    }
  }
  std::vector<ReportLine> lines;
  for (auto line = all.rbegin(); line != all.rend() && lines.size() < kReportsShown; ++line) {
    lines.push_back(line->second);
  }
  return lines;
}

}  // namespace kaisar::checker
