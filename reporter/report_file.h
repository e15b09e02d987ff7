#pragma once

#include <string>

#include "absl/status/status.h"
#include "audit/report.h"

namespace kaisar::reporter {

/// Writes the report file in one step: after a crash there is the whole of it or what was there
/// before.
///
/// Errors: Internal with the path and the system's words.
absl::Status WriteReportFile(const std::string& path, const audit::SignedReport& report);

}  // namespace kaisar::reporter
