#include "audit/epoch_report.h"

#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "audit/log_reader.h"
#include "base/sha256.h"
#include "base/status_macros.h"
#include "challenges/policy.h"
#include "challenges/roster.h"

namespace kaisar::audit {
namespace {

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

  EpochReport Finish(const LogSummary& summary) {
    EpochReport result;
    result.scores = scorer_->Scores();
    result.records = summary.records;
    Report& report = result.report;
    report.domain = challenges::DomainOf(opened_.roster());
    report.epoch = opened_.epoch();
    report.slot = opened_.slot();
    report.words = PackScores(result.scores);
    report.transcript_root = summary.root;
    report.policy_hash = Sha256(ViewOf(opened_.policy()));
    report.secret = secret_;
    scorer_.reset();
    result.beacon = challenges::ToDigest(opened_.beacon());
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
  std::optional<Scorer> scorer_;
  absl::flat_hash_map<std::string, v1::CommitmentReceived> commitments_;  // of open challenges
  Digest secret_{};
};

}  // namespace

absl::StatusOr<EpochReport> MakeReport(const std::string& log_path) {
  LogScorer log(log_path);
  ASSIGN_OR_RETURN(const LogSummary summary,
                   ReadLog(log_path, [&](std::uint64_t, ByteView, const v1::Record& record) {
                     return log.Add(record);
                   }));
  if (!summary.closed) {
    return absl::FailedPreconditionError(absl::StrCat(log_path, ": the epoch is not closed"));
  }
  return log.Finish(summary);
}

}  // namespace kaisar::audit
