#pragma once

#include <vector>

#include "monitor/metric_set.h"

namespace kaisar::provider {

/// All metrics of kaisar-provider, but for those of its process. docs/metrics.md shows this table,
/// and rules and dashboards may use no other names.
std::vector<monitor::MetricInfo> MetricTable();

}  // namespace kaisar::provider
