#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/comparison_logs.h"
#include "audit/finding.h"

namespace kaisar::audit {

/// The kinds, in the order in which they are shown.
inline constexpr v1::Kind kComparedKinds[] = {v1::LATENCY, v1::MATMUL, v1::BANDWIDTH};

/// The most records of one log that a finding names.
inline constexpr std::size_t kMostRecordsNamed = 3;

/// What a log has of a device and kind; null when it has nothing.
const KindAccount* FindKind(const CheckerLog& log, std::uint32_t device, v1::Kind kind);

/// "6 passed, 1 failed (PROOF_INVALID 1)"; "-" when nothing was asked.
std::string VerdictText(const KindAccount* account);

/// The records to look at: failed challenges and low shares first; inconclusive ones when nothing
/// counted.
std::vector<std::uint64_t> TellingRecords(const KindAccount* account);

/// Finds the devices that checkers judge differently: a score more than `band` from the lower
/// median of all scores of the device, a score where another checker has none, or a kind whose
/// challenges that count mostly pass at one checker and mostly fail at another.
///
/// Units:  `band` in steps of half a percent, as in the deployment.
/// Result: at most one for a device and its score, and one for each kind.
std::vector<Finding> FindJudgedDifferently(const std::vector<CheckerLog>& logs, std::uint32_t band);

}  // namespace kaisar::audit
