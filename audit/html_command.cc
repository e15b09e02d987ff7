#include "audit/html_command.h"

#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "audit/epoch_page.h"
#include "audit/figures.h"
#include "audit/verify_command.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

constexpr int kDiffers = 1;
constexpr int kUnreadable = 2;
constexpr std::uint64_t kNsPerUs = 1000;

/// Verifies and writes the page; how many differences it tells of.
absl::StatusOr<std::uint64_t> WritePage(const HtmlOptions& options, std::ostream& out,
                                        std::ostream& errors) {
  const std::uint64_t begin_ns = RealClock().MonotonicNs();
  AuditedEpoch audited;
  audited.log_path = options.log_path;
  audited.report_path = options.report_path;
  audited.page_path = options.page_path;
  ASSIGN_OR_RETURN(ReportFile file, ReadReportFile(options.report_path));
  audited.report = std::move(file.report);
  VerifyArguments arguments;
  arguments.log_path = options.log_path;
  arguments.report_path = options.report_path;
  arguments.quiet = options.quiet;
  arguments.threads = options.threads;
  VerifyOptions verify;
  verify.each = [&](const challenges::Policy& policy, const LoggedChallenge& challenge) {
    audited.history.Add(policy, challenge);
  };
  ASSIGN_OR_RETURN(audited.result, VerifyWithBar(arguments, std::move(verify), errors));
  const std::uint64_t verified_ns = RealClock().MonotonicNs();
  const std::string page = MakeEpochPage(audited);
  RETURN_IF_ERROR(WriteFile(options.page_path, page));
  const std::uint64_t written_ns = RealClock().MonotonicNs();
  PrintOutcome(audited.result, out);
  out << options.page_path << ": " << page.size() << " bytes; verified in "
      << FormatMicroseconds((verified_ns - begin_ns) / kNsPerUs) << ", page made in "
      << FormatMicroseconds((written_ns - verified_ns) / kNsPerUs) << "\n";
  return audited.result.difference_count;
}

}  // namespace

int RunHtml(const HtmlOptions& options, std::ostream& out, std::ostream& errors) {
  const absl::StatusOr<std::uint64_t> differences = WritePage(options, out, errors);
  if (differences.ok()) return *differences == 0 ? 0 : kDiffers;
  errors << "kaisar-audit: " << differences.status().message() << "\n";
  return kUnreadable;
}

}  // namespace kaisar::audit
