#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/epoch_report.h"
#include "audit/report.h"
#include "audit/score.h"
#include "base/keys/hash_chain.h"
#include "base/signing_key.h"
#include "checker/epoch.h"
#include "kaisar/v1/log.pb.h"
#include "reporter/signature_store.h"

namespace kaisar::checker {

/// Where an epoch's files are.
std::string EpochLogPath(const std::string& data_dir, std::uint32_t epoch);
std::string EpochReportPath(const std::string& data_dir, std::uint32_t epoch);

/// The epochs that have a log, or a report, in a data directory, ascending.
///
/// Errors: those of the system, with the path.
absl::StatusOr<std::vector<std::uint32_t>> FindEpochLogs(const std::string& data_dir);
absl::StatusOr<std::vector<std::uint32_t>> FindEpochReports(const std::string& data_dir);

/// Whether what went wrong with an epoch's log is of that epoch alone: it is damaged, foreign, of
/// other keys, or nobody's to read. What cannot be written now, no epoch can.
bool LiesInEpoch(const absl::Status& status);

/// The first record of a log.
///
/// Errors: those of audit::ReadLog; DataLoss when it does not open an epoch.
absl::StatusOr<v1::EpochOpened> ReadOpened(const std::string& log_path);

/// The facts of an epoch from its first record: its roster and policy count, not today's files.
///
/// Errors: FailedPrecondition when the log is another slot's; those of ParsePolicy and
///         HashChain::Secret.
absl::StatusOr<std::shared_ptr<const Epoch>> EpochFromRecord(const v1::EpochOpened& opened,
                                                             std::uint32_t slot,
                                                             const HashChain& chain);

/// What an epoch came to.
struct EpochResult {
  audit::SignedReport report;
  std::vector<audit::DeviceScore> scores;
  v1::Roster roster;
  Digest beacon{};
  std::uint64_t records = 0;
  std::string log_path;
  std::string report_path;
};

/// How a closed log becomes a report: audit::MakeReport. A place for tests to lie.
using MakeReport = std::function<absl::StatusOr<audit::EpochReport>(const std::string& log_path)>;

/// Scores a closed log from its file, signs the report and writes it durably. Again: the same
/// report.
///
/// Errors: those of ReadLog; FailedPrecondition when the log is not closed; those of
///         SignatureStore::Sign (then no report is written) and WriteReportFile.
absl::StatusOr<EpochResult> ReportEpoch(const std::string& data_dir, std::uint32_t epoch,
                                        const SigningKey& key, reporter::SignatureStore& signatures,
                                        const MakeReport& make_report);

}  // namespace kaisar::checker
