#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "challenges/policy.h"
#include "checker/epoch_runner.h"
#include "checker/event_log.h"
#include "checker/progress.h"
#include "checker/progress_display.h"
#include "checker/run_options.h"
#include "reporter/submitter.h"

namespace kaisar::checker {

/// What an operator sees of a run: a display or event lines on standard error, and a summary per
/// epoch on standard output.
///
/// Threads: SetLogLevel, Notice, Warn and Tell from any thread; the hooks on the thread that runs
/// epochs.
class RunConsole {
 public:
  using Names = std::map<std::uint32_t, std::string>;  // of devices, for people

  RunConsole(const RunOptions& options, const std::string& log_level, Names names);

  /// Hooks of a runner that shows itself here. The console must outlive it.
  RunnerHooks Hooks();
  /// Event lines of this level and above are written, unless there are none.
  void SetLogLevel(const std::string& level);
  /// Something that the operator should know.
  void Notice(const std::string& text);
  /// Something that is not as it should be.
  void Warn(const std::string& text);
  /// A report went on to another stage.
  void Tell(const reporter::EpochStage& stage);

 private:
  void Begin(const Epoch& epoch, const std::vector<challenges::PlannedChallenge>& plan,
             const ResumePoint& resume);
  void Report(const EpochResult& result);

  const Names names_;
  const bool json_;
  const bool displays_;
  const bool has_lines_;
  challenges::Policy policy_;  // of the epoch that is running
  Progress progress_;
  std::unique_ptr<EventLog> lines_;
  std::unique_ptr<ProgressDisplay> display_;
};

}  // namespace kaisar::checker
