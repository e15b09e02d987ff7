#include "audit/verify.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/chain_comparison.h"
#include "audit/crew.h"
#include "audit/differences.h"
#include "audit/log_pipeline.h"
#include "audit/log_verifier.h"
#include "audit/report.h"
#include "base/hex.h"
#include "base/signing_key.h"
#include "base/status_macros.h"

namespace kaisar::audit {
namespace {

std::string ScoreText(const std::optional<std::uint8_t>& score) {
  return score.has_value() ? absl::StrCat(*score) : "not reported";
}

/// Compares the words of the report with the scores that the log gives, device by device.
void CompareScores(const Report& report, const std::vector<DeviceScore>& scores,
                   Differences& differences) {
  if (report.words == PackScores(scores)) return;
  const absl::StatusOr<std::vector<ReportedScore>> reported = UnpackScores(report.words);
  if (!reported.ok()) return;  // ReadReport has said so
  std::map<std::uint32_t, std::optional<std::uint8_t>> rest;
  for (const ReportedScore& entry : *reported) rest[entry.device] = entry.score;
  for (const DeviceScore& score : scores) {
    const auto found = rest.find(score.device);
    const std::optional<std::uint8_t> given = found == rest.end() ? std::nullopt : found->second;
    if (found != rest.end()) rest.erase(found);
    if (given == score.score) continue;
    differences.Add(absl::StrCat("report: score of device ", score.device, " is ", ScoreText(given),
                                 ", expected ", ScoreText(score.score),
                                 score.explanation.empty() ? "" : ": ", score.explanation));
  }
  for (const auto& [device, score] : rest) {
    differences.Add(absl::StrCat("report: has a score of ", ScoreText(score), " for device ",
                                 device, ", which is not in the roster"));
  }
}

void CheckReportSignature(const SignedReport& signed_report, const Address& slot_key,
                          Differences& differences) {
  if (signed_report.signer != slot_key) {
    differences.Add(absl::StrCat("report: signer is ", ToHex(signed_report.signer), ", expected ",
                                 ToHex(slot_key), " as in the roster"));
  }
  const Digest digest = ReportDigest(signed_report.report);
  const absl::StatusOr<Address> recovered = RecoverAddress(digest, signed_report.signature);
  if (!recovered.ok()) {
    differences.Add(absl::StrCat("report: signature: ", recovered.status().message()));
  } else if (*recovered != slot_key) {
    differences.Add(absl::StrCat("report: is signed by ", ToHex(*recovered), ", expected slot ",
                                 signed_report.report.slot, "'s key ", ToHex(slot_key)));
  }
}

VerifyResult ResultOf(const Differences& differences, const LogVerifier& verifier,
                      std::vector<DeviceScore> scores) {
  VerifyResult result;
  result.differences = differences.lines();
  result.difference_count = differences.count();
  result.records = verifier.counts().records;
  result.challenges = verifier.counts().challenges;
  result.signatures_checked = verifier.counts().signatures + (verifier.usable() ? 1 : 0);
  result.samples_checked = verifier.counts().samples;
  if (verifier.usable()) result.epoch = {verifier.epoch().opened, verifier.epoch().policy};
  result.scores = std::move(scores);
  result.descriptions = verifier.descriptions();
  return result;
}

/// Verifies all that the two files say. Of the single calls, those of `kept_calls` are kept.
///
/// Result: and the seconds that must be among them, for all contradictions to be found.
absl::StatusOr<std::pair<VerifyResult, Presence::Seconds>> VerifyOnce(
    const std::string& log_path, const ReportFile& file, const VerifyOptions& options,
    const Presence::Seconds& kept_calls) {
  const Report& report = file.report.report;
  Differences differences;
  ProofChoice choice(options.choose_proofs, options.choice_seed);
  LogVerifier::Options hands;
  if (options.choose_proofs > 0) hands.choice = &choice;
  hands.kept_calls = kept_calls;
  hands.each = options.each;
  LogVerifier verifier(report, differences, std::move(hands));
  Crew crew(options.threads);
  const absl::StatusOr<LogSummary> summary = VerifyLog(log_path, verifier, crew, options.progress);
  if (!summary.ok()) {
    if (!absl::IsDataLoss(summary.status())) return summary.status();
    // The rest of the log is not known, so nothing can be said of what would be in it.
    differences.Add(absl::StrCat("log: ", summary.status().message()));
    return std::make_pair(ResultOf(differences, verifier, {}), Presence::Seconds());
  }
  if (summary->records == 0) differences.Add("log: has no record");
  if (summary->root != report.transcript_root) {
    differences.Add(absl::StrCat("report: transcript root is ", ToHex(report.transcript_root),
                                 ", the log's is ", ToHex(summary->root)));
  }
  verifier.Finish(summary->closed);
  std::vector<DeviceScore> scores = verifier.Scores();
  for (const std::string& line : file.contradictions) differences.Add("report: " + line);
  std::vector<std::string> notes;
  if (verifier.usable()) {
    CompareScores(report, scores, differences);
    CheckReportSignature(file.report, verifier.epoch().slot_key, differences);
    if (options.chain != nullptr) {
      notes = CompareWithChain(*options.chain, verifier.epoch().opened, file.report, differences);
    }
  }
  VerifyResult result = ResultOf(differences, verifier, std::move(scores));
  result.root = summary->root;
  result.notes = std::move(notes);
  result.chosen = choice.Chosen();
  return std::make_pair(std::move(result), verifier.Unsettled());
}

}  // namespace

absl::StatusOr<VerifyResult> Verify(const std::string& log_path, const std::string& report_path,
                                    const VerifyOptions& options) {
  ASSIGN_OR_RETURN(const ReportFile file, ReadReportFile(report_path));
  ASSIGN_OR_RETURN(auto verified, VerifyOnce(log_path, file, options, {}));
  if (verified.second.empty()) return std::move(verified.first);
  // A claim hangs on single calls, and to keep all would take memory that grows with the log.
  VerifyOptions once_more = options;
  once_more.each = nullptr;  // has been told all
  ASSIGN_OR_RETURN(auto again, VerifyOnce(log_path, file, once_more, verified.second));
  return std::move(again.first);
}

}  // namespace kaisar::audit
