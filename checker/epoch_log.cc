#include "checker/epoch_log.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "audit/log_reader.h"
#include "base/status_macros.h"
#include "challenges/roster.h"
#include "reporter/report_file.h"

namespace kaisar::checker {
namespace {

constexpr char kLogSuffix[] = ".log";
constexpr char kReportSuffix[] = ".report.json";

/// The epoch of a file name `epoch-N` and the suffix.
std::optional<std::uint32_t> EpochOf(const std::string& name, absl::string_view suffix) {
  absl::string_view text = name;
  std::uint32_t epoch = 0;
  if (!absl::ConsumePrefix(&text, "epoch-") || !absl::ConsumeSuffix(&text, suffix) ||
      !absl::SimpleAtoi(text, &epoch) || absl::StrCat(epoch) != text) {
    return std::nullopt;
  }
  return epoch;
}

absl::StatusOr<std::vector<std::uint32_t>> FindEpochs(const std::string& data_dir,
                                                      absl::string_view suffix) {
  std::vector<std::uint32_t> epochs;
  std::error_code error;
  std::filesystem::directory_iterator entries(data_dir, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (const auto epoch = EpochOf(entries->path().filename().string(), suffix))
      epochs.push_back(*epoch);
  }
  if (error) return absl::InternalError(absl::StrCat(data_dir, ": ", error.message()));
  std::sort(epochs.begin(), epochs.end());
  return epochs;
}

}  // namespace

std::string EpochLogPath(const std::string& data_dir, std::uint32_t epoch) {
  return absl::StrCat(data_dir, "/epoch-", epoch, kLogSuffix);
}

std::string EpochReportPath(const std::string& data_dir, std::uint32_t epoch) {
  return absl::StrCat(data_dir, "/epoch-", epoch, kReportSuffix);
}

absl::StatusOr<std::vector<std::uint32_t>> FindEpochLogs(const std::string& data_dir) {
  return FindEpochs(data_dir, kLogSuffix);
}

absl::StatusOr<std::vector<std::uint32_t>> FindEpochReports(const std::string& data_dir) {
  return FindEpochs(data_dir, kReportSuffix);
}

bool LiesInEpoch(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kPermissionDenied:
      return true;
    default:
      return false;
  }
}

absl::StatusOr<v1::EpochOpened> ReadOpened(const std::string& log_path) {
  v1::EpochOpened opened;
  const auto read = [&](std::uint64_t, ByteView, const v1::Record& record) {
    opened = record.epoch_opened();
    return absl::CancelledError("only the first record is wanted");
  };
  const auto summary = audit::ReadLog(log_path, read);
  if (!summary.ok() && !absl::IsCancelled(summary.status())) return summary.status();
  if (opened.beacon().size() != 32 || opened.epoch_end_ms() <= opened.beacon_ms()) {
    return absl::DataLossError(absl::StrCat(log_path, ": the first record does not open an epoch"));
  }
  return opened;
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
                                        const SigningKey& key, reporter::SignatureStore& signatures,
                                        const MakeReport& make_report) {
  const std::string log_path = EpochLogPath(data_dir, epoch);
  ASSIGN_OR_RETURN(audit::EpochReport made, make_report(log_path));
  EpochResult result;
  result.report.report = std::move(made.report);
  result.scores = std::move(made.scores);
  result.roster = std::move(made.roster);
  result.beacon = made.beacon;
  result.records = made.records;
  result.log_path = log_path;
  result.report_path = EpochReportPath(data_dir, epoch);
  ASSIGN_OR_RETURN(result.report.signature, signatures.Sign(result.report.report, key));
  result.report.signer = key.address();
  RETURN_IF_ERROR(reporter::WriteReportFile(result.report_path, result.report));
  return result;
}

}  // namespace kaisar::checker
