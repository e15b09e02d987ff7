#include "audit/timeline_command.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "audit/figures.h"
#include "audit/names.h"

namespace kaisar::audit {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kWrong = 1;
constexpr int kUnreadable = 2;
// Columns are as wide as what an epoch of a day holds; a longer value pushes the rest aside.
constexpr char kColumns[] = "%8s %11s %11s %11s %8s %-9s %4s %-31s %s";

/// "12.345": seconds after the beacon.
std::string Seconds(std::uint64_t ms) {
  return absl::StrFormat("%d.%03d", ms / 1000, ms % 1000);
}

std::string Figure(const ChallengeFigures& figures) {
  std::string text;
  if (figures.rtt_us.has_value()) text = FormatMicroseconds(*figures.rtt_us);
  if (figures.ops_per_second.has_value()) text = FormatRate(*figures.ops_per_second);
  if (figures.down_bits_per_second.has_value()) {
    text = absl::StrCat(FormatBitRate(*figures.down_bits_per_second), " down, ",
                        FormatBitRate(figures.up_bits_per_second.value_or(0)), " up");
  }
  if (text.empty()) return figures.share_ppm.has_value() ? "counts 0.0 %" : "-";
  return absl::StrCat(text, ", ", FormatShare(figures.share_ppm.value_or(0)));
}

std::string Line(const std::vector<std::string>& cells) {
  std::string line = absl::StrFormat(kColumns, cells[0], cells[1], cells[2], cells[3], cells[4],
                                     cells[5], cells[6], cells[7], cells[8]);
  return absl::StrCat(line, "\n");
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

/// Of what a log has that this version does not know, the number.
template <typename T>
Json WordOf(const std::string& name, T value) {
  return name.empty() ? Json(static_cast<int>(value)) : Json(name);
}

}  // namespace

std::map<std::string, v1::Kind> KindWords() {
  std::map<std::string, v1::Kind> words;
  for (const v1::Kind kind : {v1::LATENCY, v1::BANDWIDTH, v1::MATMUL}) words[NameOf(kind)] = kind;
  return words;
}

std::map<std::string, v1::Verdict> VerdictWords() {
  std::map<std::string, v1::Verdict> words;
  for (const v1::Verdict verdict : {v1::PASS, v1::FAIL, v1::INCONCLUSIVE}) {
    words[v1::Verdict_Name(verdict)] = verdict;
  }
  return words;
}

std::map<std::string, v1::Reason> ReasonWords() {
  std::map<std::string, v1::Reason> words;
  for (int value = v1::Reason_MIN; value <= v1::Reason_MAX; ++value) {
    if (v1::Reason_IsValid(value)) {
      const auto reason = static_cast<v1::Reason>(value);
      words[v1::Reason_Name(reason)] = reason;
    }
  }
  return words;
}

std::string TimelineHeading() {
  return Line(
      {"record", "due s", "sent s", "closed s", "device", "kind", "q", "verdict", "figure"});
}

std::string TimelineLine(const TimelineRow& row) {
  return Line({absl::StrCat(row.record), Seconds(row.due_ms),
               row.sent() ? Seconds(row.sent_ms) : "-",
               row.sent() ? Seconds(row.sent_ms + row.elapsed_ms) : "-", absl::StrCat(row.device),
               NameOf(row.kind), absl::StrCat(row.sequence), NameOf(row.verdict, row.reason),
               Figure(row.figures)});
}

std::string TimelineJson(const TimelineRow& row) {
  const ChallengeFigures& figures = row.figures;
  const Json json = {{"record", row.record},
                     {"due_ms", row.due_ms},
                     {"sent_ms", row.sent() ? Json(row.sent_ms) : Json(nullptr)},
                     {"closed_ms", row.sent() ? Json(row.sent_ms + row.elapsed_ms) : Json(nullptr)},
                     {"device", row.device},
                     {"kind", NameOf(row.kind)},
                     {"q", row.sequence},
                     {"verdict", WordOf(v1::Verdict_Name(row.verdict), row.verdict)},
                     {"reason", WordOf(v1::Reason_Name(row.reason), row.reason)},
                     {"rtt_us", OrNull(figures.rtt_us)},
                     {"ops_per_second", OrNull(figures.ops_per_second)},
                     {"down_bits_per_second", OrNull(figures.down_bits_per_second)},
                     {"up_bits_per_second", OrNull(figures.up_bits_per_second)},
                     {"share_ppm", OrNull(figures.share_ppm)}};
  return json.dump();
}

int RunTimeline(const TimelineOptions& options, std::ostream& out, std::ostream& errors) {
  if (options.filter.from_ms >= options.filter.to_ms) {
    errors << "kaisar-audit: --from is " << options.filter.from_ms
           << " ms, expected less than --to, " << options.filter.to_ms << " ms\n";
    return kUnreadable;
  }
  bool headed = options.json;
  const auto shown = ReadTimeline(options.log_path, options.filter, [&](const TimelineRow& row) {
    if (!headed) out << TimelineHeading();
    headed = true;
    out << (options.json ? TimelineJson(row) + "\n" : TimelineLine(row));
    return absl::OkStatus();
  });
  if (!shown.ok()) {
    out.flush();
    errors << "kaisar-audit: " << shown.status().message() << "\n";
    return absl::IsDataLoss(shown.status()) ? kWrong : kUnreadable;
  }
  if (!options.json) {
    out << (headed ? "\n" : "") << *shown << (*shown == 1 ? " challenge" : " challenges") << "\n";
  }
  return 0;
}

}  // namespace kaisar::audit
