#pragma once

#include <string>

#include "audit/score_table.h"
#include "checker/epoch_log.h"

namespace kaisar::checker {

/// The table at the end of an epoch: each device, what it was asked and what it earned, and why.
std::string SummaryTable(const EpochResult& result, const audit::DeviceNames& names);

/// The same as JSON, with whole numbers only.
std::string SummaryJson(const EpochResult& result, const audit::DeviceNames& names);

}  // namespace kaisar::checker
