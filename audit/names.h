#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "base/hex.h"
#include "challenges/plan.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// What people call a kind.
inline std::string NameOf(v1::Kind kind) {
  switch (kind) {
    case v1::LATENCY:
      return "latency";
    case v1::BANDWIDTH:
      return "bandwidth";
    case v1::MATMUL:
      return "matmul";
    default:
      return absl::StrCat("kind ", static_cast<int>(kind));
  }
}

/// "device 5, latency challenge 3".
inline std::string NameOf(std::uint32_t device, v1::Kind kind, std::uint32_t sequence) {
  return absl::StrCat("device ", device, ", ", NameOf(kind), " challenge ", sequence);
}
inline std::string NameOf(const challenges::PlannedChallenge& planned) {
  return NameOf(planned.device, planned.kind, planned.sequence);
}

/// "FAIL PROOF_INVALID", or "PASS".
inline std::string NameOf(v1::Verdict verdict, v1::Reason reason) {
  const std::string name = v1::Verdict_Name(verdict);
  const std::string why = v1::Reason_Name(reason);
  std::string text = name.empty() ? absl::StrCat("verdict ", static_cast<int>(verdict)) : name;
  if (reason != v1::NONE) {
    absl::StrAppend(&text, " ",
                    why.empty() ? absl::StrCat("reason ", static_cast<int>(reason)) : why);
  }
  return text;
}

/// What a record says that it is about: "device 5, latency challenge 3", "description of device 2".
inline std::string SubjectOf(const v1::Record& record) {
  if (record.has_issued()) {
    const v1::Challenge& terms = record.issued().challenge().challenge();
    return NameOf(terms.device(), terms.kind(), record.issued().sequence());
  }
  if (record.has_closed()) {
    return NameOf(record.closed().device(), record.closed().kind(), record.closed().sequence());
  }
  if (record.has_commitment()) {
    return absl::StrCat("commitment to ", ToHex(ViewOf(record.commitment().challenge_id())));
  }
  if (record.has_described()) {
    return absl::StrCat("description of device ", record.described().device());
  }
  return record.has_epoch_opened() ? "the epoch's opening" : "the epoch's end";
}

}  // namespace kaisar::audit
