#include "checker/local_status.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/directory_lock.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "checker/epoch_log.h"
#include "checker/roster_file.h"
#include "checker/run_inputs.h"

namespace kaisar::checker {
namespace {

/// The report of the epoch before is made while the next one runs.
constexpr std::uint32_t kEpochsWithoutReport = 2;

std::string Line(absl::string_view name, absl::string_view value) {
  return absl::StrFormat("%-10s %s\n", name, value);
}

std::string EpochText(const std::optional<std::uint32_t>& epoch, const std::string& path) {
  return epoch ? absl::StrCat("epoch ", *epoch, ", ", path) : "none yet";
}

}  // namespace

absl::StatusOr<LocalStatus> ReadLocalStatus(const Config& config, const Clock& clock) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(config.policy, kMostPolicyBytes));
  ASSIGN_OR_RETURN(const challenges::Policy policy, challenges::ParsePolicy(config.policy, bytes));
  ASSIGN_OR_RETURN(const RosterFile roster, ReadRosterFile(config.roster, policy, *config.slot));
  LocalStatus status;
  status.slot = *config.slot;
  const std::uint64_t now_ms = clock.WallMs();
  const EpochGrid& grid = roster.grid;
  if (now_ms < grid.genesis_ms) {
    status.left_s = (grid.genesis_ms - now_ms) / 1000;
  } else {
    const std::uint64_t since_ms = now_ms - grid.genesis_ms;
    status.epoch = static_cast<std::uint32_t>(since_ms / grid.epoch_ms);
    status.left_s = (grid.epoch_ms - since_ms % grid.epoch_ms) / 1000;
  }
  status.data_dir = config.data_dir;
  // Before the first run there is no such folder.
  const auto logs = FindEpochLogs(config.data_dir);
  if (logs.ok() && !logs->empty()) status.last_log = logs->back();
  const auto reports = FindEpochReports(config.data_dir);
  if (reports.ok() && !reports->empty()) status.last_report = reports->back();
  std::error_code error;
  status.has_signatures = std::filesystem::exists(SignaturesPath(config), error);
  if (LockingProcess(config.data_dir)) status.runs_as = LockHolder(config.data_dir);
  return status;
}

std::vector<Problem> FindLocalProblems(const LocalStatus& status) {
  std::vector<Problem> problems;
  if (status.runs_as.empty()) {
    problems.push_back({"not_running", "no checker runs on the data directory",
                        "kaisar-checker run --config …; if it runs elsewhere, ask status there"});
  }
  if (!status.has_signatures) problems.push_back(NoSignatures());
  const bool late = status.last_log && status.epoch &&
                    *status.epoch >= *status.last_log + kEpochsWithoutReport &&
                    (!status.last_report || *status.last_report < *status.last_log);
  if (late) {
    problems.push_back({"epoch_unreported",
                        absl::StrCat("epoch ", *status.last_log, " has a log and no report"),
                        "start the checker: it closes the log and reports; its lines say what "
                        "keeps it from that"});
  }
  return problems;
}

std::string LocalStatusText(const LocalStatus& status, const std::vector<Problem>& problems) {
  const std::string epoch = status.epoch
                                ? absl::StrCat(*status.epoch, ", ", status.left_s, " s left")
                                : absl::StrCat("the first one begins in ", status.left_s, " s");
  const auto path = [&status](std::string (*of)(const std::string&, std::uint32_t),
                              const std::optional<std::uint32_t>& which) {
    return EpochText(which, of(status.data_dir, which.value_or(0)));
  };
  std::string text =
      absl::StrCat(Line("slot", absl::StrCat(status.slot, ", of a roster file")),
                   Line("epoch", epoch), Line("log", path(EpochLogPath, status.last_log)),
                   Line("report", path(EpochReportPath, status.last_report)),
                   Line("process", status.runs_as.empty() ? "none here" : status.runs_as));
  for (const Problem& problem : problems) {
    absl::StrAppend(&text, "\nwrong: ", problem.what, "\n  next: ", problem.next, "\n");
  }
  if (problems.empty()) absl::StrAppend(&text, "\nall is well\n");
  return text;
}

std::string LocalStatusJson(const LocalStatus& status, const std::vector<Problem>& problems) {
  using Json = nlohmann::ordered_json;
  const auto number = [](const std::optional<std::uint32_t>& epoch) {
    return epoch ? Json(*epoch) : Json();
  };
  Json json = {{"slot", status.slot},
               {"epoch", number(status.epoch)},
               {"window_left_s", status.left_s},
               {"last_log", number(status.last_log)},
               {"last_report", number(status.last_report)},
               {"process", status.runs_as},
               {"problems", Json::array()}};
  for (const Problem& problem : problems) {
    json["problems"].push_back(
        {{"code", problem.code}, {"what", problem.what}, {"next", problem.next}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace kaisar::checker
