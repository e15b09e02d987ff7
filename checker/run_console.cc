#include "checker/run_console.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/clock.h"
#include "base/hex.h"
#include "checker/stage_names.h"
#include "checker/summary.h"

namespace kaisar::checker {
namespace {

bool Displays(const RunOptions& options) {
  if (options.quiet) return false;
  return options.progress == ProgressMode::kAlways ||
         (options.progress == ProgressMode::kAuto && isatty(STDERR_FILENO) == 1);
}

}  // namespace

RunConsole::RunConsole(const RunOptions& options, const std::string& log_level, Names names)
    : names_(std::move(names)),
      json_(options.json),
      displays_(Displays(options)),
      has_lines_(!options.quiet && !displays_),
      progress_(names_),
      lines_(EventLog::ToStandardError(has_lines_ ? log_level : "off")) {}

RunnerHooks RunConsole::Hooks() {
  RunnerHooks hooks;
  hooks.epoch_began = [this](const Epoch& epoch, const auto& plan, const ResumePoint& resume) {
    Begin(epoch, plan, resume);
  };
  hooks.outcome = [this](const Outcome& outcome) {
    progress_.Count(outcome, policy_);
    lines_->Info("closed", FieldsOf(outcome, policy_));
  };
  hooks.epoch_reported = [this](const EpochResult& result) { Report(result); };
  hooks.notice = [this](const std::string& text) { Notice(text); };
  hooks.log_unusable = [this](const std::string&, const std::string& why) { Warn(why); };
  return hooks;
}

void RunConsole::SetLogLevel(const std::string& level) {
  if (has_lines_) lines_->SetLevel(level);
}

void RunConsole::Notice(const std::string& text) {
  progress_.Notice(text);
  lines_->Info("notice", {{"text", text}});
}

void RunConsole::Warn(const std::string& text) {
  progress_.Notice(text);
  lines_->Warn("warning", {{"text", text}});
}

void RunConsole::Tell(const reporter::EpochStage& stage) {
  std::vector<EventField> fields = {{"epoch", absl::StrCat(stage.epoch)},
                                    {"stage", std::string(NameOf(stage.stage))}};
  const bool reveals = stage.reveal_transaction != Digest{};
  const Digest& transaction = reveals ? stage.reveal_transaction : stage.commit_transaction;
  if (transaction != Digest{}) {
    fields.push_back({reveals ? "reveal" : "commit", ToPrefixedHex(transaction)});
  }
  if (!stage.why.empty()) fields.push_back({"why", stage.why});
  lines_->Info("chain", fields);
  if (!stage.why.empty()) {
    progress_.Notice(
        absl::StrCat("epoch ", stage.epoch, ": ", NameOf(stage.stage), ": ", stage.why));
  }
}

void RunConsole::Begin(const Epoch& epoch, const std::vector<challenges::PlannedChallenge>& plan,
                       const ResumePoint& resume) {
  policy_ = epoch.policy;
  progress_.Begin(epoch, plan, resume);
  lines_->Info("epoch_began", {{"epoch", absl::StrCat(epoch.scope.epoch)},
                               {"slot", absl::StrCat(epoch.scope.slot)},
                               {"devices", absl::StrCat(epoch.roster.devices_size())},
                               {"challenges", absl::StrCat(plan.size())},
                               {"ends_ms", absl::StrCat(epoch.end_ms)}});
  if (displays_) {
    display_ = std::make_unique<ProgressDisplay>(progress_, RealClock(), STDERR_FILENO);
  }
}

void RunConsole::Report(const EpochResult& result) {
  display_.reset();  // leaves the terminal to the summary
  lines_->Info("epoch_reported", {{"epoch", absl::StrCat(result.report.report.epoch)},
                                  {"records", absl::StrCat(result.records)},
                                  {"report", result.report_path}});
  const std::string text =
      json_ ? SummaryJson(result, names_) : "\n" + SummaryTable(result, names_);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace kaisar::checker
