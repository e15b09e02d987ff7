#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "checker/monitor/device_board.h"
#include "checker/monitor/readiness.h"
#include "checker/monitor/report_board.h"
#include "checker/progress.h"

namespace kaisar::checker {

/// The epoch that is challenged now. Times in Unix ms.
struct EpochFigures {
  std::uint32_t epoch = 0;
  std::uint32_t slot = 0;
  std::uint64_t begin_ms = 0;
  std::uint64_t end_ms = 0;
  bool resumed = false;  // an earlier run began it: `kinds` counts its verdicts as closed alone
  std::map<v1::Kind, KindProgress> kinds;
};

/// Everything that the status page shows.
struct StatusFigures {
  std::uint64_t started_ms = 0;  // Unix time, as now_ms
  std::uint64_t now_ms = 0;
  RunFacts run;
  std::optional<EpochFigures> epoch;
  std::vector<ReportLine> reports;
  DevicePage devices;
};

/// As the page reads it; `slot` is what `kaisar-checker status --json` prints. None of it is
/// secret; texts from elsewhere may hold anything that is no markup until somebody makes it such.
///
/// Cost: at most 100 kB, however many devices there are.
nlohmann::ordered_json ToJson(const StatusFigures& figures);

}  // namespace kaisar::checker
