#include "audit/explain_command.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "audit/device_explanation.h"
#include "audit/figures.h"
#include "audit/report.h"
#include "audit/timeline_command.h"
#include "base/hex.h"
#include "base/printable.h"

namespace kaisar::audit {
namespace {

constexpr int kWrong = 1;
constexpr int kUnreadable = 2;
constexpr std::size_t kMostClassBytes = 40;

int Fail(const absl::Status& status, std::ostream& errors) {
  errors << "kaisar-audit: " << status.message() << "\n";
  return absl::IsDataLoss(status) ? kWrong : kUnreadable;
}

std::string ScoreText(const std::optional<std::uint8_t>& score) {
  return score.has_value() ? absl::StrCat(*score, "/200") : "none";
}

/// What the report says of the device; null when it is left out.
std::optional<std::uint8_t> ReportedScoreOf(const Report& report, std::uint32_t device) {
  const absl::StatusOr<std::vector<ReportedScore>> scores = UnpackScores(report.words);
  if (!scores.ok()) return std::nullopt;
  for (const ReportedScore& score : *scores) {
    if (score.device == device) return score.score;
  }
  return std::nullopt;
}

/// Why the report is not of this log; empty when it is.
std::string Mismatch(const DeviceExplanation& explained, const Report& report) {
  if (report.epoch != explained.epoch || report.slot != explained.slot) {
    return absl::StrCat("the report is of slot ", report.slot, " and epoch ", report.epoch,
                        ", the log of slot ", explained.slot, " and epoch ", explained.epoch);
  }
  if (report.transcript_root != explained.root) {
    return absl::StrCat("the report's root is 0x", ToHex(report.transcript_root),
                        ", the log's is 0x", ToHex(explained.root));
  }
  const auto reported = ReportedScoreOf(report, explained.device.id());
  if (reported != explained.score.score) {
    return absl::StrCat("the report's score is ", ScoreText(reported), ", the log gives ",
                        ScoreText(explained.score.score));
  }
  return "";
}

void PrintDevice(const DeviceExplanation& explained, std::ostream& out) {
  const v1::Device& device = explained.device;
  out << "device " << device.id() << " (" << Printable(device.device_class(), kMostClassBytes)
      << "), " << v1::Phase_Name(device.phase()) << ", epoch " << explained.epoch << " by slot "
      << explained.slot << "; claims " << FormatRate(device.ops_per_second()) << ", "
      << FormatBitRate(device.down_bits_per_second()) << " down, "
      << FormatBitRate(device.up_bits_per_second()) << " up\n\n";
}

}  // namespace

int RunExplainDevice(const ExplainDeviceOptions& options, std::ostream& out, std::ostream& errors) {
  const absl::StatusOr<ReportFile> report = ReadReportFile(options.report_path);
  if (!report.ok()) return Fail(report.status(), errors);
  const absl::StatusOr<DeviceExplanation> explained =
      ExplainDevice(options.log_path, options.device);
  if (!explained.ok()) return Fail(explained.status(), errors);
  TimelineFilter filter;
  filter.devices = {options.device};
  std::vector<TimelineRow> rows;  // of one device: some hundred
  const auto read = ReadTimeline(options.log_path, filter, [&](const TimelineRow& row) {
    rows.push_back(row);
    return absl::OkStatus();
  });
  if (!read.ok()) return Fail(read.status(), errors);
  const std::string mismatch = Mismatch(*explained, report->report.report);
  if (options.json) {
    out << DeviceExplanationToJson(*explained, rows, mismatch);
    return mismatch.empty() ? 0 : kWrong;
  }
  PrintDevice(*explained, out);
  out << TimelineHeading();
  for (const TimelineRow& row : rows) out << TimelineLine(row);
  out << "\n" << ShareLines(*explained) << "\n" << ScoreSentence(*explained) << "\n";
  if (mismatch.empty()) {
    out << "The report says the same.\n";
    return 0;
  }
  out << "The report does not hold: " << mismatch << ".\n";
  return kWrong;
}

}  // namespace kaisar::audit
