#pragma once

#include <string>
#include <vector>

#include "audit/differences.h"
#include "audit/report.h"
#include "audit/slot_facts.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::audit {

/// Compares a log and its report with what the chain says of the slot's epoch: chain, contract,
/// beacon and times, the roster that follows from beacon and committees, what the slot committed
/// and what it revealed. Each difference names what, the chain's value and ours.
///
/// Result: what could not be compared, and why: a window that has not come yet, state that the
///         endpoint no longer has. Nothing here means that something is wrong.
std::vector<std::string> CompareWithChain(const SlotFacts& facts, const v1::EpochOpened& opened,
                                          const SignedReport& report, Differences& differences);

}  // namespace kaisar::audit
