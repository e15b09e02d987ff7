#pragma once

#include <vector>

#include "monitor/metric_set.h"

namespace kaisar::checker {

/// All metrics of kaisar-checker, but for those of its process. docs/metrics.md shows this table,
/// and rules and dashboards may use no other names.
std::vector<monitor::MetricInfo> MetricTable();

}  // namespace kaisar::checker
