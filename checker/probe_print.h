#pragma once

#include <string>

#include "challenges/judge.h"
#include "checker/probe_target.h"
#include "kaisar/v1/challenge.pb.h"
#include "kaisar/v1/log.pb.h"

namespace kaisar::checker {

/// What a probe came to.
struct ProbeResult {
  const ProbeTarget& target;
  const v1::SignedChallenge& challenge;
  const v1::ChallengeClosed& closed;  // with what both ends said
  /// Null when somebody else was the other end of the tests: then only the device counted.
  const challenges::Judgement* judgement = nullptr;
};

/// What both ends counted, which of it counts, and the verdict: as a table, or as JSON.
std::string ProbeText(const ProbeResult& result);
std::string ProbeJson(const ProbeResult& result);

}  // namespace kaisar::checker
