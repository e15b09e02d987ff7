#include "audit/export_command.h"

#include "audit/export.h"

namespace kaisar::audit {
namespace {

constexpr int kWrong = 1;
constexpr int kUnreadable = 2;

}  // namespace

int RunExport(const ExportOptions& options, std::ostream& out, std::ostream& errors) {
  const bool csv = !options.csv_folder.empty();
  const auto files = ExportLog(options.log_path, csv ? options.csv_folder : options.jsonl_folder,
                               csv ? FlatFormat::kCsv : FlatFormat::kJsonLines);
  if (!files.ok()) {
    errors << "kaisar-audit: " << files.status().message() << "\n";
    return absl::IsDataLoss(files.status()) ? kWrong : kUnreadable;
  }
  for (const ExportedFile& file : *files) out << file.path << ": " << file.rows << " rows\n";
  return 0;
}

}  // namespace kaisar::audit
