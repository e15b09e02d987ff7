#pragma once

#include <ostream>
#include <string>

namespace kaisar::audit {

/// One of the folders is empty.
struct ExportOptions {
  std::string log_path, csv_folder, jsonl_folder;
};

/// `kaisar-audit export`: writes the flat files, and prints their paths and numbers of rows.
///
/// Result: the exit status: 0 done, 1 the log is damaged, 2 a file cannot be read or made.
int RunExport(const ExportOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace kaisar::audit
