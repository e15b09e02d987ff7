#pragma once

#include <map>
#include <ostream>
#include <string>

#include "audit/timeline.h"

namespace kaisar::audit {

struct TimelineOptions {
  std::string log_path;
  TimelineFilter filter;
  bool json = false;  // lines of JSON instead of a table
};

/// The words that --kind, --verdict and --reason take.
std::map<std::string, v1::Kind> KindWords();
std::map<std::string, v1::Verdict> VerdictWords();
std::map<std::string, v1::Reason> ReasonWords();

/// The heading of the table, and a row of it; each ends its line.
std::string TimelineHeading();
std::string TimelineLine(const TimelineRow& row);
/// One JSON object without a line end; docs/auditing.md lists its keys.
std::string TimelineJson(const TimelineRow& row);

/// `kaisar-audit timeline`.
///
/// Result: the exit status: 0 done, 1 the log is damaged, 2 it cannot be read, or a device that was
///         asked for is not in its roster.
int RunTimeline(const TimelineOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace kaisar::audit
