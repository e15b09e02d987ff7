#pragma once

#include <string>
#include <vector>

#include "audit/keyed_epoch.h"
#include "challenges/judge.h"

namespace kaisar::audit {

/// Says which times of a closed challenge, one that the plan has, contradict each other, the policy
/// or the way the call ended. They are the checker's word, but it must be one.
///
/// Result: one phrase for each, which names the field.
/// Source: docs/log-format.md, Verifying, Times.
std::vector<std::string> TimeFaults(const KeyedEpoch& epoch, const challenges::Evidence& evidence);

}  // namespace kaisar::audit
