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

/// The report file: JSON with all hex fields prefixed by 0x and the scores repeated in readable
/// form.
std::string SerializeReport(const SignedReport& report);

/// Errors: InvalidArgument with the key, its value and what was expected; unknown keys are errors;
///         the readable scores must agree with the words.
absl::StatusOr<SignedReport> ParseReport(const std::string& json);

}  // namespace kaisar::audit
