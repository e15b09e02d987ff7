#pragma once

#include <memory>

#include "audit/log_writer.h"
#include "base/clock.h"
#include "monitor/metric_set.h"

namespace kaisar::checker {

/// A log whose appends are measured: how long each takes to be durable, and what fails. `metrics`
/// has the table of checker/monitor/metric_table.h; it and the clock must outlive the log.
///
/// Threads: as the log's.
std::unique_ptr<audit::LogWriter> MeasureLog(std::unique_ptr<audit::LogWriter> log,
                                             monitor::MetricSet& metrics, const Clock& clock);

}  // namespace kaisar::checker
