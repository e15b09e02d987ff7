// The report file. docs/log-format.md lists its keys.

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/object_reader.h"
#include "audit/report.h"
#include "base/check.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

using Json = nlohmann::ordered_json;

/// 2^24 devices take 2 MiB of words, and less than 48 bytes each in readable form.
constexpr std::uint64_t kMostReportBytes = std::uint64_t{1} << 30;

std::string ShowScores(const std::vector<ReportedScore>& scores) {
  std::string text;
  for (const ReportedScore& score : scores) {
    if (text.size() > 200) return text + " …";
    absl::StrAppend(&text, text.empty() ? "" : " ", score.device, "=", score.score);
  }
  return text.empty() ? "none" : text;
}

std::vector<ReportedScore> ReadScores(ObjectReader& reader) {
  std::vector<ReportedScore> scores;
  const Json& array = reader.Array("scores");
  for (std::size_t i = 0; i < array.size(); ++i) {
    ObjectReader entry(array[i], absl::StrCat("scores[", i, "]."), "a report");
    scores.push_back({static_cast<std::uint32_t>(entry.Uint("device", 0xffffff)),
                      static_cast<std::uint8_t>(entry.Uint("score", 200))});
    reader.Take(entry.Finish());
  }
  return scores;
}

std::vector<std::string> FindContradictions(const Report& report,
                                            const std::vector<ReportedScore>& readable,
                                            const Digest& commitment) {
  std::vector<std::string> found;
  const absl::StatusOr<std::vector<ReportedScore>> packed = UnpackScores(report.words);
  if (!packed.ok()) {
    found.push_back(absl::StrCat("words: ", packed.status().message()));
  } else if (*packed != readable) {
    found.push_back(absl::StrCat("scores: are ", ShowScores(readable), ", the words have ",
                                 ShowScores(*packed)));
  }
  if (const Digest computed = ReportCommitment(report); computed != commitment) {
    found.push_back(absl::StrCat("commitment: is ", ToPrefixedHex(commitment), ", the fields give ",
                                 ToPrefixedHex(computed)));
  }
  return found;
}

}  // namespace

std::string SerializeReport(const SignedReport& signed_report) {
  const Report& report = signed_report.report;
  Json words = Json::array();
  for (const Digest& word : report.words) words.push_back(ToPrefixedHex(word));
  const absl::StatusOr<std::vector<ReportedScore>> readable = UnpackScores(report.words);
  KAISAR_CHECK(readable.ok());
  Json scores = Json::array();
  for (const ReportedScore& score : *readable) {
    scores.push_back({{"device", score.device}, {"score", score.score}});
  }
  const Json json = {
      {"spec_version", report.spec_version},
      {"chain_id", report.domain.chain_id},
      {"contract", ToPrefixedHex(report.domain.contract)},
      {"epoch", report.epoch},
      {"slot", report.slot},
      {"words", words},
      {"transcript_root", ToPrefixedHex(report.transcript_root)},
      {"policy_hash", ToPrefixedHex(report.policy_hash)},
      {"secret", ToPrefixedHex(report.secret)},
      {"commitment", ToPrefixedHex(ReportCommitment(report))},
      {"scores", scores},
      {"signer", ToPrefixedHex(signed_report.signer)},
      {"signature", ToPrefixedHex(signed_report.signature)},
  };
  return json.dump(2) + "\n";
}

absl::StatusOr<ReportFile> ReadReport(const std::string& text) {
  ASSIGN_OR_RETURN(const Json json, ParseJsonStrictly(text, "report"));
  ObjectReader reader(json, "", "a report");
  ReportFile file;
  Report& report = file.report.report;
  constexpr std::uint32_t kMost32 = std::numeric_limits<std::uint32_t>::max();
  report.spec_version = static_cast<std::uint16_t>(reader.Uint("spec_version", 0xffff));
  report.domain.chain_id = reader.Uint("chain_id", std::numeric_limits<std::uint64_t>::max());
  report.domain.contract = reader.Hex<20>("contract");
  report.epoch = static_cast<std::uint32_t>(reader.Uint("epoch", kMost32));
  report.slot = static_cast<std::uint32_t>(reader.Uint("slot", kMost32));
  for (const Json& word : reader.Array("words")) {
    report.words.push_back(reader.HexOf<32>("words", word));
  }
  report.transcript_root = reader.Hex<32>("transcript_root");
  report.policy_hash = reader.Hex<32>("policy_hash");
  report.secret = reader.Hex<32>("secret");
  const Digest commitment = reader.Hex<32>("commitment");
  const std::vector<ReportedScore> readable = ReadScores(reader);
  file.report.signer = reader.Hex<20>("signer");
  file.report.signature = reader.Hex<65>("signature");
  RETURN_IF_ERROR(reader.Finish());
  file.contradictions = FindContradictions(report, readable, commitment);
  return file;
}

absl::StatusOr<ReportFile> ReadReportFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string json, ReadFile(path, kMostReportBytes));
  absl::StatusOr<ReportFile> file = ReadReport(json);
  if (file.ok()) return file;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", file.status().message()));
}

absl::StatusOr<SignedReport> ParseReport(const std::string& json) {
  ASSIGN_OR_RETURN(const ReportFile file, ReadReport(json));
  if (!file.contradictions.empty()) {
    return absl::InvalidArgumentError(file.contradictions.front());
  }
  return file.report;
}

}  // namespace kaisar::audit
