#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "audit/score.h"
#include "base/bytes.h"
#include "base/eip712.h"
#include "base/signing_key.h"

namespace kaisar::audit {

/// A slot's report of one epoch. The auditor recomputes it, the reporter signs and sends it.
struct Report {
  SigningDomain domain;
  std::uint32_t epoch = 0;
  std::uint32_t slot = 0;
  std::uint16_t spec_version = 1;
  std::vector<Digest> words;
  Digest transcript_root{};
  Digest policy_hash{};
  Digest secret{};
  friend bool operator==(const Report&, const Report&) = default;
};

/// Packs scores into words of eight lanes: BE24 device id and score byte, ids ascending, unused
/// lanes ff ff ff 00. Devices without a score are left out.
std::vector<Digest> PackScores(const std::vector<DeviceScore>& scores);

/// One lane of the words.
struct ReportedScore {
  std::uint32_t device = 0;
  std::uint8_t score = 0;
  friend bool operator==(const ReportedScore&, const ReportedScore&) = default;
};

/// What PackScores packed.
///
/// Errors: InvalidArgument with word and lane when ids do not ascend, a score is above 200, or a
///         used lane follows an unused one or a whole word is unused.
absl::StatusOr<std::vector<ReportedScore>> UnpackScores(const std::vector<Digest>& words);

/// keccak256( keccak256(words) || keccak256(transcriptRoot || policyHash || secret) ).
Digest ReportCommitment(const Report& report);

/// What the hot key signs.
Digest ReportDigest(const Report& report);

/// A report with its signature, as in the report file.
struct SignedReport {
  Report report;
  Signature signature{};
  Address signer{};
};

/// The report file: JSON with all hex fields prefixed by 0x and, for people, the commitment and the
/// scores in readable form. `report.words` must be as PackScores makes them.
std::string SerializeReport(const SignedReport& report);

/// Reads a report file. Says nothing of the signature.
///
/// Errors: InvalidArgument with the key, its value and what was expected; unknown and repeated keys
///         are errors; what is repeated for people must agree with the rest.
absl::StatusOr<SignedReport> ParseReport(const std::string& json);

/// A report file that has the right form, and where it contradicts itself.
struct ReportFile {
  SignedReport report;
  std::vector<std::string> contradictions;
};

/// As ParseReport, for the auditor, who must tell a file that cannot be read from one that lies.
absl::StatusOr<ReportFile> ReadReport(const std::string& json);

/// The same from a file.
///
/// Errors: those of ReadFile; those of ReadReport, with the path.
absl::StatusOr<ReportFile> ReadReportFile(const std::string& path);

}  // namespace kaisar::audit
