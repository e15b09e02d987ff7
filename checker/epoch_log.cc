#include "checker/epoch_log.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "audit/log_reader.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "challenges/roster.h"

namespace kaisar::checker {
namespace {

/// The epoch of a file name `epoch-N.log`.
std::optional<std::uint32_t> EpochOf(const std::string& name) {
  absl::string_view text = name;
  std::uint32_t epoch = 0;
  if (!absl::ConsumePrefix(&text, "epoch-") || !absl::ConsumeSuffix(&text, ".log") ||
      !absl::SimpleAtoi(text, &epoch) || absl::StrCat(epoch) != text) {
    return std::nullopt;
  }
  return epoch;
}

/// Takes in a log record by record and keeps what the report is made of.
class LogScorer {
 public:
  explicit LogScorer(const std::string& path) : path_(path) {}

  absl::Status Add(const v1::Record& record) {
    if (record.has_epoch_opened()) return Begin(record.epoch_opened());
    if (record.has_commitment()) {
      commitments_[record.commitment().challenge_id()] = record.commitment();
    } else if (record.has_closed()) {
      const auto found = commitments_.find(record.closed().challenge_id());
      scorer_->Add(record.closed(), found == commitments_.end() ? nullptr : &found->second);
      if (found != commitments_.end()) commitments_.erase(found);
    } else if (record.has_epoch_closed()) {
      secret_ = challenges::ToDigest(record.epoch_closed().secret());
    }
    return absl::OkStatus();
  }

  EpochResult Finish(const audit::LogSummary& summary) {
    EpochResult result;
    result.scores = scorer_->Scores();
    result.records = summary.records;
    audit::Report& report = result.report.report;
    report.domain = challenges::DomainOf(opened_.roster());
    report.epoch = opened_.epoch();
    report.slot = opened_.slot();
    report.words = audit::PackScores(result.scores);
    report.transcript_root = summary.root;
    report.policy_hash = Sha256(ViewOf(opened_.policy()));
    report.secret = secret_;
    scorer_.reset();
    result.roster = std::move(*opened_.mutable_roster());
    return result;
  }

 private:
  absl::Status Begin(const v1::EpochOpened& opened) {
    opened_ = opened;
    ASSIGN_OR_RETURN(policy_,
                     challenges::ParsePolicy(absl::StrCat("policy in ", path_), opened_.policy()));
    scorer_.emplace(opened_.roster(), policy_);
    return absl::OkStatus();
  }

  const std::string path_;
  v1::EpochOpened opened_;
  challenges::Policy policy_;
  std::optional<audit::Scorer> scorer_;
  absl::flat_hash_map<std::string, v1::CommitmentReceived> commitments_;  // of open challenges
  Digest secret_{};
};

}  // namespace

std::string EpochLogPath(const std::string& data_dir, std::uint32_t epoch) {
  return absl::StrCat(data_dir, "/epoch-", epoch, ".log");
}

std::string EpochReportPath(const std::string& data_dir, std::uint32_t epoch) {
  return absl::StrCat(data_dir, "/epoch-", epoch, ".report.json");
}

absl::StatusOr<std::vector<std::uint32_t>> FindEpochLogs(const std::string& data_dir) {
  std::vector<std::uint32_t> epochs;
  std::error_code error;
  std::filesystem::directory_iterator entries(data_dir, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (const auto epoch = EpochOf(entries->path().filename().string())) epochs.push_back(*epoch);
  }
  if (error) return absl::InternalError(absl::StrCat(data_dir, ": ", error.message()));
  std::sort(epochs.begin(), epochs.end());
  return epochs;
}

absl::StatusOr<std::shared_ptr<const Epoch>> EpochFromRecord(const v1::EpochOpened& opened,
                                                             std::uint32_t slot,
                                                             const HashChain& chain) {
  if (opened.slot() != slot) {
    return absl::FailedPreconditionError(absl::StrCat("the log of epoch ", opened.epoch(),
                                                      " is slot ", opened.slot(),
                                                      "'s, this is slot ", slot));
  }
  challenges::EpochScope scope;
  scope.chain_id = opened.roster().chain_id();
  scope.epoch = opened.epoch();
  scope.slot = slot;
  scope.epoch_ms = opened.epoch_end_ms() - opened.beacon_ms();
  scope.beacon = challenges::ToDigest(opened.beacon());
  ASSIGN_OR_RETURN(const Digest secret, chain.Secret(opened.epoch()));
  ASSIGN_OR_RETURN(
      challenges::Policy policy,
      challenges::ParsePolicy(absl::StrCat("policy of epoch ", opened.epoch()), opened.policy()));
  return std::make_shared<const Epoch>(
      Epoch{scope, opened.beacon_ms(), opened.epoch_end_ms(), secret,
            challenges::EpochKey::Derive(secret, scope.beacon, scope.chain_id, slot, scope.epoch),
            opened.roster(), std::move(policy)});
}

absl::StatusOr<EpochResult> ReportEpoch(const std::string& data_dir, std::uint32_t epoch,
                                        const SigningKey& key,
                                        reporter::SignatureStore& signatures) {
  const std::string log_path = EpochLogPath(data_dir, epoch);
  LogScorer log(log_path);
  ASSIGN_OR_RETURN(const audit::LogSummary summary,
                   audit::ReadLog(log_path, [&](std::uint64_t, ByteView, const v1::Record& record) {
                     return log.Add(record);
                   }));
  if (!summary.closed) {
    return absl::FailedPreconditionError(absl::StrCat(log_path, ": the epoch is not closed"));
  }
  EpochResult result = log.Finish(summary);
  result.log_path = log_path;
  result.report_path = EpochReportPath(data_dir, epoch);
  ASSIGN_OR_RETURN(result.report.signature, signatures.Sign(result.report.report, key));
  result.report.signer = key.address();
  RETURN_IF_ERROR(WriteFile(result.report_path, audit::SerializeReport(result.report)));
  return result;
}

}  // namespace kaisar::checker
