#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "audit/inclusion_proof.h"
#include "audit/report.h"
#include "base/bytes.h"

namespace kaisar::audit {

/// What shows one record of a log to somebody who has the report but not the log.
struct RecordProof {
  std::uint32_t epoch = 0;
  std::uint32_t slot = 0;
  Digest root{};  // of the log it was made from
  InclusionProof inclusion;
  std::string record;  // the bytes, as they are in the log
};

/// Makes the proof of one record.
///
/// Errors: those of ReadLog; OutOfRange when the log has no such record; FailedPrecondition when it
///         is not closed, as no report has its root.
/// Cost:   one pass over the log; memory does not grow with it.
absl::StatusOr<RecordProof> ProveRecord(const std::string& log_path, std::uint64_t index);

/// The proof's file: one JSON object; docs/auditing.md lists its keys.
std::string SerializeRecordProof(const RecordProof& proof);

/// Errors: InvalidArgument with the key, its value and what was expected.
absl::StatusOr<RecordProof> ParseRecordProof(const std::string& json);

/// Tells whether the record is under the report's root. Says nothing of the report's signature.
///
/// Errors: those of RootOfInclusion; FailedPrecondition when epoch or slot are not the report's, or
///         the path leads to another root, and whether the proof is of another log or was changed.
absl::Status CheckRecordProof(const RecordProof& proof, const Report& report);

}  // namespace kaisar::audit
