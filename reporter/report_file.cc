#include "reporter/report_file.h"

#include "base/file.h"

namespace kaisar::reporter {

absl::Status WriteReportFile(const std::string& path, const audit::SignedReport& report) {
  return WriteFile(path, audit::SerializeReport(report));
}

}  // namespace kaisar::reporter
