#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "challenges/judge.h"
#include "challenges/plan.h"
#include "challenges/policy.h"
#include "challenges/randomness.h"
#include "challenges/roster.h"
#include "kaisar/v1/log.pb.h"
#include "kaisar/v1/roster.pb.h"

namespace kaisar::checker {

/// The fixed facts of an epoch: what its first log record says, and the key that follows from the
/// secret.
struct Epoch {
  challenges::EpochScope scope;
  std::uint64_t beacon_ms = 0;  // Unix time; due times count from here
  std::uint64_t end_ms = 0;     // Unix time
  Digest secret{};
  challenges::EpochKey key;
  v1::Roster roster;
  challenges::Policy policy;

  challenges::JudgeContext judge_context() const {
    return {key, roster, policy, scope.slot, beacon_ms};
  }
  SigningDomain domain() const { return challenges::DomainOf(roster); }
};

}  // namespace kaisar::checker
